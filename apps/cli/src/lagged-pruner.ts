import type { FrozenTrial, Pruner } from '@nadir/tune';

/**
 * Lets a pruner see only trials that lie at least `lag` numbers behind the one that it judges. Together with a gate that
 * starts no trial before those have ended, what is pruned depends on the seed alone, and not on which of several trials
 * that run at a time was faster.
 */
export function laggedPruner(pruner: Pruner, lag: number): Pruner {
  return {
    ...pruner,
    shouldPrune: (context) =>
      pruner.shouldPrune({
        ...context,
        finishedTrials: () => behind(context.finishedTrials(), context.trial.number - lag),
        otherTrials: () => behind(context.otherTrials(), context.trial.number - lag),
      }),
  };
}

function behind(trials: readonly FrozenTrial[], last: number): readonly FrozenTrial[] {
  return trials.filter(({ number }) => number <= last);
}

/** Holds trials back until all that lie `lag` numbers behind have ended. */
export class TrialGate {
  readonly #lag: number;
  readonly #ended = new Set<number>();
  #waiting: { readonly number: number; readonly open: () => void }[] = [];

  constructor(lag: number, ended: Iterable<number> = []) {
    this.#lag = lag;
    for (const number of ended) this.#ended.add(number);
  }

  /** Resolves when trial `number` may start. */
  pass(number: number): Promise<void> {
    if (this.#isOpen(number)) return Promise.resolve();
    return new Promise((open) => this.#waiting.push({ number, open }));
  }

  end(number: number): void {
    this.#ended.add(number);
    const free = this.#waiting.filter((entry) => this.#isOpen(entry.number));
    this.#waiting = this.#waiting.filter((entry) => !free.includes(entry));
    for (const { open } of free) open();
  }

  #isOpen(number: number): boolean {
    for (let before = 0; before <= number - this.#lag; before++) if (!this.#ended.has(before)) return false;
    return true;
  }
}
