import { median } from '../statistics.ts';
import type { MeasuringProcess } from './measuring-process.ts';
import type { Contestant, Measurement } from './system.ts';
import type { Workload } from './workload.ts';

/** A contestant and the process that measures it. */
export interface Entrant extends Contestant {
  readonly process: Pick<MeasuringProcess, 'ask'>;
}

/** A contestant without a measurement, and why: it does not know the workload, or it failed. */
export interface Absence extends Contestant {
  readonly workload: string;
  readonly reason: string;
  readonly failed: boolean;
}

/** What came of a workload. */
export interface ContestResult {
  readonly measurements: readonly Measurement[];
  readonly absences: readonly Absence[];
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
  readonly onProgress?: (contestant: Contestant, phase: 'first step' | 'warm-up' | `run ${number}`) => void;
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

class Starter {
  readonly times: number[] = [];
  readonly entrant: Entrant;
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

  /** The first step, the steps until the losses are compared, and enough more to know how long a step takes. */
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

/**
 * Measures a workload on all entrants. They take turns, run by run, and between the turns the machine's peak is measured: a
 * busy neighbour slows all of them. Everything is warm before the first run counts.
 */
export async function contest(
  workload: Workload,
  entrants: readonly Entrant[],
  { runs, data, peak, onProgress }: ContestOptions,
): Promise<ContestResult> {
  const absences: Absence[] = [];
  let starters: Starter[] = [];
  /** Leaves out whoever fails, and goes on with the others. */
  const attempt = async (starter: Starter, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      absences.push(absence(workload, starter.entrant, (error as Error).message, true));
      starters = starters.filter((other) => other !== starter);
    }
  };

  for (const entrant of entrants) {
    const starter = new Starter(entrant);
    starters.push(starter);
    await attempt(starter, async () => {
      onProgress?.(entrant, 'first step');
      const { unsupported } = await entrant.process.ask({ do: 'open', workload: workload.name, data });
      if (unsupported !== undefined) {
        absences.push(absence(workload, entrant, unsupported, false));
        starters.pop();
        return;
      }
      await starter.warmUp(workload, runs, () => onProgress?.(entrant, 'warm-up'));
    });
  }

  const peaks = new Map(starters.map(({ entrant }) => [entrant.threads, [] as number[]]));
  for (let round = 0; round < runs; round++) {
    const first = round % Math.max(1, starters.length);
    const order = [...starters.slice(first), ...starters.slice(0, first)].filter(
      (starter) => round < starter.runs,
    );
    if (order.length === 0) break;
    for (const [threads, rates] of peaks) rates.push(await peak(threads));
    for (const starter of order) {
      onProgress?.(starter.entrant, `run ${round + 1}`);
      await attempt(starter, async () => {
        const ms = await starter.run(starter.steps);
        starter.times.push((ms / starter.steps) * workload.per);
      });
    }
  }
  for (const starter of starters) {
    await attempt(starter, async () => {
      await starter.entrant.process.ask({ do: 'close' });
    });
  }
  return {
    absences,
    measurements: starters.map(({ entrant: { system, threads }, times, loss, firstMs }) => ({
      workload: workload.name,
      system,
      threads,
      medianMs: median(times),
      minMs: Math.min(...times),
      maxMs: Math.max(...times),
      runs: times.length,
      loss,
      peakGflops: median(peaks.get(threads)!),
      firstMs,
    })),
  };
}

function absence(
  { name }: Workload,
  { system, threads }: Contestant,
  reason: string,
  failed: boolean,
): Absence {
  return { workload: name, system, threads, reason, failed };
}
