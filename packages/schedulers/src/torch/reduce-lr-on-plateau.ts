import { checkFraction, checkNonNegative, checkNonNegativeInteger, checkOneOf } from '../option-check.ts';
import { ScheduleError } from '../schedule-error.ts';
import type { ScheduleConfig, ScheduleDescription } from '../schedule.ts';
import { checkSameScheduler, perGroup, type LearningRateScheduler } from './learning-rate-scheduler.ts';
import type { ScheduledOptimizer } from './scheduled-optimizer.ts';

/** Options of {@link ReduceLROnPlateau}. */
export interface ReduceLROnPlateauOptions {
  /** Whether the metric should become small or large. Default 'min'. */
  readonly mode?: 'min' | 'max';
  /** What the learning rate is multiplied by, in [0, 1). Default 0.1. */
  readonly factor?: number;
  /** Bad epochs that are tolerated: it reduces at bad epoch `patience` + 1 in a row. An integer ≥ 0, default 10. */
  readonly patience?: number;
  /** The change that counts as an improvement, ≥ 0. Default 1e-4. */
  readonly threshold?: number;
  /** Whether `threshold` is a fraction of the best metric's size, or a difference. Default 'rel'. */
  readonly thresholdMode?: 'rel' | 'abs';
  /** Epochs after a reduction in which bad epochs do not count, an integer ≥ 0. Default 0. */
  readonly cooldown?: number;
  /** The smallest learning rate, ≥ 0; one for all groups or one each. Default 0. */
  readonly minLr?: number | readonly number[];
  /** A reduction by no more than this is not made, ≥ 0. Default 1e-8. */
  readonly eps?: number;
}

/** The state of a {@link ReduceLROnPlateau}. */
export interface ReduceLROnPlateauState extends ScheduleDescription {
  readonly lastEpoch: number;
  /** The best metric so far; null before the first. */
  readonly best: number | null;
  readonly badEpochs: number;
  readonly cooldownLeft: number;
  readonly lastLr: readonly number[];
}

/**
 * Torch's `ReduceLROnPlateau`: multiplies the learning rate by `factor` when a metric has stopped improving.
 *
 * It has memory, so it is not a function of the epoch; its state is complete all the same, the learning rates included,
 * and may be loaded before or after the optimizer's. A metric of NaN is a bad epoch, as in torch. A relative threshold is
 * a part of |best|: with a negative metric torch takes a worse value for an improvement, and here it does not.
 *
 * @throws ScheduleError if an option is out of range
 * @example
 * ```ts
 * import { ReduceLROnPlateau } from '@nadir/schedulers';
 *
 * const group = { lr: 1 };
 * const optimizer = { paramGroups: [group] };
 * const scheduler = new ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 0 });
 * scheduler.step(3);
 * scheduler.step(3);
 * group.lr; // => 0.5
 * ```
 */
export class ReduceLROnPlateau implements LearningRateScheduler<ReduceLROnPlateauState> {
  readonly optimizer: ScheduledOptimizer;
  readonly #mode: 'min' | 'max';
  readonly #factor: number;
  readonly #patience: number;
  readonly #threshold: number;
  readonly #thresholdMode: 'rel' | 'abs';
  readonly #cooldown: number;
  readonly #minLrs: readonly number[];
  readonly #eps: number;
  #lastEpoch = 0;
  #best: number | null = null;
  #badEpochs = 0;
  #cooldownLeft = 0;
  #lastLr: readonly number[];

  constructor(optimizer: ScheduledOptimizer, options: ReduceLROnPlateauOptions = {}) {
    const { mode = 'min', factor = 0.1, patience = 10, threshold = 1e-4, thresholdMode = 'rel' } = options;
    const { cooldown = 0, minLr = 0, eps = 1e-8 } = options;
    checkOneOf('ReduceLROnPlateau', 'mode', mode, ['min', 'max']);
    checkFraction('ReduceLROnPlateau', 'factor', factor);
    if (factor === 1) throw new ScheduleError('ReduceLROnPlateau(): factor must be below 1, got 1.');
    checkNonNegativeInteger('ReduceLROnPlateau', 'patience', patience);
    checkNonNegative('ReduceLROnPlateau', 'threshold', threshold);
    checkOneOf('ReduceLROnPlateau', 'thresholdMode', thresholdMode, ['rel', 'abs']);
    checkNonNegativeInteger('ReduceLROnPlateau', 'cooldown', cooldown);
    checkNonNegative('ReduceLROnPlateau', 'eps', eps);
    this.#minLrs = perGroup('ReduceLROnPlateau', 'minLr', minLr, optimizer.paramGroups.length);
    for (const each of this.#minLrs) checkNonNegative('ReduceLROnPlateau', 'minLr', each);
    this.optimizer = optimizer;
    this.#mode = mode;
    this.#factor = factor;
    this.#patience = patience;
    this.#threshold = threshold;
    this.#thresholdMode = thresholdMode;
    this.#cooldown = cooldown;
    this.#eps = eps;
    this.#lastLr = optimizer.paramGroups.map((group) => group.lr);
  }

  /** How many times it has stepped. */
  get lastEpoch(): number {
    return this.#lastEpoch;
  }

  /**
   * Takes the metric of an epoch, and reduces the learning rates if it has not improved for too long.
   *
   * @throws ScheduleError if the metric is not a number, or the optimizer has other groups than at construction
   */
  step(metric?: number): void {
    if (typeof metric !== 'number') {
      throw new ScheduleError(
        `ReduceLROnPlateau.step(): a metric is needed, got ${String(metric)}. Hint: step(validationLoss.item()).`,
      );
    }
    const groups = this.optimizer.paramGroups;
    if (groups.length !== this.#minLrs.length) {
      throw new ScheduleError(
        `ReduceLROnPlateau.step(): the optimizer must keep its ${this.#minLrs.length} parameter groups, got ${groups.length}. Hint: add groups before you construct the scheduler.`,
      );
    }
    this.#lastEpoch += 1;
    if (this.#improves(metric)) {
      this.#best = metric;
      this.#badEpochs = 0;
    } else {
      this.#badEpochs += 1;
    }
    if (this.#cooldownLeft > 0) {
      this.#cooldownLeft -= 1;
      this.#badEpochs = 0;
    }
    if (this.#badEpochs > this.#patience) {
      groups.forEach((group, i) => {
        const reduced = Math.max(group.lr * this.#factor, this.#minLrs[i]!);
        if (group.lr - reduced > this.#eps) group.lr = reduced;
      });
      this.#cooldownLeft = this.#cooldown;
      this.#badEpochs = 0;
    }
    this.#lastLr = groups.map((group) => group.lr);
  }

  /** The learning rate of each group after the last step. */
  getLastLr(): number[] {
    return [...this.#lastLr];
  }

  /** Options, counters, the best metric and the learning rates, as JSON. */
  stateDict(): ReduceLROnPlateauState {
    return {
      name: 'ReduceLROnPlateau',
      config: this.#config(),
      lastEpoch: this.#lastEpoch,
      best: this.#best,
      badEpochs: this.#badEpochs,
      cooldownLeft: this.#cooldownLeft,
      lastLr: [...this.#lastLr],
    };
  }

  /**
   * Continues from a state, and sets the groups' learning rates to those of the state.
   *
   * @throws ScheduleError if the state is of another scheduler, other options or another number of groups
   */
  loadStateDict(state: ReduceLROnPlateauState): void {
    const { lastEpoch, best, badEpochs, cooldownLeft, lastLr } = state;
    checkSameScheduler('ReduceLROnPlateau', this.#config(), state, this.#minLrs.length, lastLr.length);
    this.#lastEpoch = lastEpoch;
    this.#best = best;
    this.#badEpochs = badEpochs;
    this.#cooldownLeft = cooldownLeft;
    this.#lastLr = [...lastLr];
    this.optimizer.paramGroups.forEach((group, i) => (group.lr = lastLr[i]!));
  }

  #config(): ScheduleConfig {
    return {
      mode: this.#mode,
      factor: this.#factor,
      patience: this.#patience,
      threshold: this.#threshold,
      thresholdMode: this.#thresholdMode,
      cooldown: this.#cooldown,
      minLr: this.#minLrs,
      eps: this.#eps,
    };
  }

  #improves(metric: number): boolean {
    const best = this.#best;
    // Torch starts from a best of ±infinity, which an infinite metric of the wrong sign and NaN do not improve on.
    if (best === null) return this.#mode === 'min' ? metric < Infinity : metric > -Infinity;
    const margin = this.#thresholdMode === 'rel' ? Math.abs(best) * this.#threshold : this.#threshold;
    return this.#mode === 'min' ? metric < best - margin : metric > best + margin;
  }
}
