import { median } from '../statistics.ts';
import type { MeasuringProcess } from './measuring-process.ts';
import type { Contestant, Measurement } from './system.ts';
import type { Workload } from './workload.ts';

/** A contestant and the process that measures it. */
export interface Entrant extends Contestant {
  readonly process: Pick<MeasuringProcess, 'ask'>;
}

/** A contestant without a measurement, and why. */
export interface Absence extends Contestant {
  readonly workload: string;
  readonly reason: string;
  /** False where the contestant does not know the workload. */
  readonly failed: boolean;
}

/** What came of a workload. */
export interface ContestResult {
  readonly measurements: readonly Measurement[];
  readonly absences: readonly Absence[];
}

/** Where a contest is. */
export interface ContestProgress {
  /** Who is measured now. */
  readonly contestant: Contestant;
  readonly phase: 'first step' | 'warm-up' | 'run';
  /** Of the whole contest, in 0 … 1. */
  readonly share: number;
  readonly soFar: ContestResult;
}

/** How a workload is measured. */
export interface ContestOptions {
  /** Runs of every contestant; a slow one gets fewer. */
  readonly runs: number;
  /** Path of the safetensors file with state and batches. */
  readonly data: string;
  /** Measures the machine's own peak on so many threads. */
  readonly peak: (threads: number) => Promise<number>;
  /** Told before a contestant is asked. */
  readonly onProgress?: (progress: ContestProgress) => void;
}

/** Milliseconds that a run should take, so that clocks and wake-ups do not matter. */
const runMs = 100;
/** Milliseconds that all runs of a contestant may take before it gets fewer of them. */
const budgetMs = 4000;
/** A slow contestant still has a spread. */
const leastRuns = 2;

/** Steps of a run and the number of runs for a system that takes `stepMs` a step. */
export function planRuns(
  stepMs: number,
  per: number,
  runs: number,
): { readonly steps: number; readonly runs: number } {
  const steps = per * Math.max(1, Math.round(runMs / (per * stepMs)));
  const affordable = Math.floor(budgetMs / (steps * stepMs));
  return { steps, runs: Math.min(runs, Math.max(leastRuns, affordable)) };
}

/** A contestant on its way through a workload. */
class Starter {
  readonly entrant: Entrant;
  /** Milliseconds of every run, for as many steps as the figure counts. */
  readonly times: number[] = [];
  firstMs = NaN;
  loss = NaN;
  steps = 1;
  runs = 0;

  constructor(entrant: Entrant) {
    this.entrant = entrant;
  }

  async run(steps: number): Promise<number> {
    return (await this.entrant.process.ask({ do: 'run', steps })).ms!;
  }

  /** The first step, those until the losses are compared, and enough more to know how long a step takes. */
  async warmUp({ per, checkSteps }: Workload, runs: number, onWarmUp: () => void): Promise<void> {
    this.firstMs = await this.run(1);
    onWarmUp();
    let stepMs = NaN;
    if (checkSteps > 1) {
      const ms = await this.run(checkSteps - 1);
      // A shorter time may hold work that is done only once, as the second trace of a compiled step.
      if (ms > budgetMs / 2) stepMs = ms / (checkSteps - 1);
    }
    this.loss = (await this.entrant.process.ask({ do: 'value' })).value ?? NaN;
    if (Number.isNaN(stepMs)) {
      let steps = per;
      let ms = await this.run(steps);
      while (ms < runMs / 4) {
        steps = per * Math.ceil((steps * Math.min(10, runMs / ms)) / per);
        ms = await this.run(steps);
      }
      stepMs = ms / steps;
    }
    Object.assign(this, planRuns(stepMs, per, runs));
  }
}

class Contest {
  readonly #workload: Workload;
  readonly #options: ContestOptions;
  readonly #absences: Absence[] = [];
  /** Samples by number of threads. */
  readonly #peaks = new Map<number, number[]>();
  #starters: Starter[] = [];

  constructor(workload: Workload, options: ContestOptions) {
    this.#workload = workload;
    this.#options = options;
  }

  get result(): ContestResult {
    const measurements = this.#starters
      .filter(({ times }) => times.length > 0)
      .map(({ entrant: { system, threads }, times, loss, firstMs }) => ({
        workload: this.#workload.name,
        system,
        threads,
        medianMs: median(times),
        minMs: Math.min(...times),
        maxMs: Math.max(...times),
        runs: times.length,
        loss,
        peakGflops: median(this.#peaks.get(threads)!),
        firstMs,
      }));
    return { measurements, absences: [...this.#absences] };
  }

  /** Opens the workload on every entrant, one after another, and warms it up. */
  async open(entrants: readonly Entrant[]): Promise<void> {
    const { name } = this.#workload;
    const { data, runs } = this.#options;
    for (const [index, entrant] of entrants.entries()) {
      const starter = new Starter(entrant);
      this.#starters.push(starter);
      const tell = (phase: 'first step' | 'warm-up'): void =>
        this.#tell(entrant, phase, index / entrants.length / 2);
      await this.#attempt(starter, async () => {
        tell('first step');
        const { unsupported } = await entrant.process.ask({ do: 'open', workload: name, data });
        if (unsupported !== undefined) this.#leaveOut(starter, unsupported, false);
        else await starter.warmUp(this.#workload, runs, () => tell('warm-up'));
      });
    }
  }

  /** All take turns, run by run; each round begins with another. */
  async run(): Promise<void> {
    const { per } = this.#workload;
    const { runs, peak } = this.#options;
    for (const { entrant } of this.#starters) this.#peaks.set(entrant.threads, []);
    for (let round = 0; round < runs; round++) {
      const first = round % Math.max(1, this.#starters.length);
      const order = [...this.#starters.slice(first), ...this.#starters.slice(0, first)].filter(
        (starter) => round < starter.runs,
      );
      if (order.length === 0) return;
      for (const [threads, rates] of this.#peaks) rates.push(await peak(threads));
      for (const [index, starter] of order.entries()) {
        this.#tell(starter.entrant, 'run', (1 + (round + index / order.length) / runs) / 2);
        await this.#attempt(starter, async () => {
          starter.times.push(((await starter.run(starter.steps)) / starter.steps) * per);
        });
      }
    }
  }

  async close(): Promise<void> {
    for (const starter of this.#starters) {
      await this.#attempt(starter, async () => {
        await starter.entrant.process.ask({ do: 'close' });
      });
    }
  }

  /** Leaves out whoever fails, and goes on with the others. */
  async #attempt(starter: Starter, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#leaveOut(starter, (error as Error).message, true);
    }
  }

  #leaveOut(starter: Starter, reason: string, failed: boolean): void {
    const { system, threads } = starter.entrant;
    this.#absences.push({ workload: this.#workload.name, system, threads, reason, failed });
    this.#starters = this.#starters.filter((other) => other !== starter);
  }

  #tell({ system, threads }: Entrant, phase: ContestProgress['phase'], share: number): void {
    this.#options.onProgress?.({
      contestant: { system, threads },
      phase,
      share,
      soFar: this.result,
    });
  }
}

/**
 * Measures a workload on all entrants. They take turns, run by run, and between the turns the machine's peak is measured:
 * a busy neighbour slows all of them. Everything is warm before the first run counts. Who fails or does not know the
 * workload is left out.
 */
export async function contest(
  workload: Workload,
  entrants: readonly Entrant[],
  options: ContestOptions,
): Promise<ContestResult> {
  const running = new Contest(workload, options);
  await running.open(entrants);
  await running.run();
  await running.close();
  return running.result;
}
