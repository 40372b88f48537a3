import { performance } from 'node:perf_hooks';

export interface PhaseResult {
  readonly ok: boolean;
  readonly output: string;
  /** A few words for the summary. */
  readonly note?: string;
  /** What to repeat at the very end of the run. */
  readonly closing?: TestCounts;
}

export interface TestCounts {
  readonly lines: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface Phase {
  readonly name: string;
  readonly checks: string;
  /** Phases that must have passed before this one starts. */
  readonly after?: readonly string[];
  /** How many of the machine's cores it keeps busy. */
  readonly cores?: number;
  run(): PhaseResult | Promise<PhaseResult>;
}

export interface FinishedPhase {
  readonly phase: Phase;
  readonly seconds: number;
  readonly result: PhaseResult;
  readonly skipped: boolean;
}

async function timed(phase: Phase): Promise<FinishedPhase> {
  const started = performance.now();
  let result: PhaseResult;
  try {
    result = await phase.run();
  } catch (error) {
    result = { ok: false, output: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  return { phase, seconds: (performance.now() - started) / 1000, result, skipped: false };
}

/**
 * Runs phases in their order, side by side as long as the cores suffice. A failure stops nothing but the phases
 * that come after it: one run reports every fault it can find.
 */
export async function runPhases(
  phases: readonly Phase[],
  cores: number,
  onFinish: (finished: FinishedPhase) => void,
): Promise<readonly FinishedPhase[]> {
  const waiting = [...phases];
  const active = new Map<Phase, Promise<FinishedPhase>>();
  const finished = new Map<string, FinishedPhase>();
  const chosen = new Set(phases.map(({ name }) => name));
  const finish = (done: FinishedPhase): void => {
    finished.set(done.phase.name, done);
    onFinish(done);
  };
  while (waiting.length > 0 || active.size > 0) {
    for (let index = 0; index < waiting.length;) {
      const phase = waiting[index]!;
      const before = (phase.after ?? []).filter((name) => chosen.has(name));
      const broken = before.find((name) => finished.has(name) && !finished.get(name)!.result.ok);
      if (broken !== undefined) {
        waiting.splice(index, 1);
        const result = { ok: false, output: '', note: `not run: ${broken} failed` };
        finish({ phase, seconds: 0, result, skipped: true });
        continue;
      }
      const busy = [...active.keys()].reduce((sum, { cores: used = 1 }) => sum + used, 0);
      const fits = active.size === 0 || busy + (phase.cores ?? 1) <= cores;
      if (!fits || !before.every((name) => finished.has(name))) {
        index += 1;
        continue;
      }
      waiting.splice(index, 1);
      active.set(phase, timed(phase));
    }
    if (active.size === 0) continue;
    const done = await Promise.race(active.values());
    active.delete(done.phase);
    finish(done);
  }
  return phases.map(({ name }) => finished.get(name)!);
}
