import { checkNonNegative, checkOneOf, checkPositiveInteger } from '../option-check.ts';
import { perGroup } from './learning-rate-scheduler.ts';
import { checkCyclesMomentum, LRScheduler } from './lr-scheduler.ts';
import type { MomentumGroup, ScheduledOptimizer } from './scheduled-optimizer.ts';

/** How the height of a cycle changes: not at all, by half each cycle, or by `gamma` each step. */
export type CyclicMode = 'triangular' | 'triangular2' | 'exp_range';

/** Options of {@link CyclicLR}. */
export interface CyclicLROptions {
  /** The learning rate (not a factor) at the bottom of a cycle, ≥ 0; one for all groups or one each. */
  readonly baseLr: number | readonly number[];
  /** The learning rate at the top of the first cycle, ≥ 0; one for all groups or one each. */
  readonly maxLr: number | readonly number[];
  /** Steps from bottom to top, a positive integer. Default 2000. */
  readonly stepSizeUp?: number;
  /** Steps from top to bottom, a positive integer. Default `stepSizeUp`. */
  readonly stepSizeDown?: number;
  /** Default 'triangular'. */
  readonly mode?: CyclicMode;
  /** The factor of each step in mode 'exp_range', ≥ 0. Default 1. */
  readonly gamma?: number;
  /** Whether the momentum, or the first beta, moves against the learning rate. Default true. */
  readonly cycleMomentum?: boolean;
  /** The momentum at the top of the learning rate; one for all groups or one each. Default 0.8. */
  readonly baseMomentum?: number | readonly number[];
  /** The momentum at the bottom of the learning rate; one for all groups or one each. Default 0.9. */
  readonly maxMomentum?: number | readonly number[];
}

/**
 * Torch's `CyclicLR`: the learning rate goes up and down between two bounds; the optimizer's own one is not used.
 *
 * Follows Smith, "Cyclical learning rates for training neural networks" (2015).
 *
 * @throws ScheduleError if an option is out of range, or momentum is to be cycled and a group has none
 * @example
 * ```ts
 * import { CyclicLR } from '@nadir/schedulers';
 *
 * const group = { lr: 1, momentum: 0.9 };
 * const optimizer = { paramGroups: [group] };
 * const scheduler = new CyclicLR(optimizer, { baseLr: 0.25, maxLr: 0.75, stepSizeUp: 4 });
 * scheduler.stepTo(4);
 * group.lr; // => 0.75
 * ```
 */
export class CyclicLR extends LRScheduler {
  constructor(optimizer: ScheduledOptimizer<MomentumGroup>, options: CyclicLROptions) {
    const { stepSizeUp = 2000, mode = 'triangular', gamma = 1, cycleMomentum = true } = options;
    const { stepSizeDown = stepSizeUp, baseMomentum = 0.8, maxMomentum = 0.9 } = options;
    const groups = optimizer.paramGroups.length;
    const bound = (option: string, value: number | readonly number[]): readonly number[] => {
      const values = perGroup('CyclicLR', option, value, groups);
      for (const each of values) checkNonNegative('CyclicLR', option, each);
      return values;
    };
    const baseLr = bound('baseLr', options.baseLr);
    const maxLr = bound('maxLr', options.maxLr);
    const low = bound('baseMomentum', baseMomentum);
    const high = bound('maxMomentum', maxMomentum);
    checkPositiveInteger('CyclicLR', 'stepSizeUp', stepSizeUp);
    checkPositiveInteger('CyclicLR', 'stepSizeDown', stepSizeDown);
    checkOneOf('CyclicLR', 'mode', mode, ['triangular', 'triangular2', 'exp_range']);
    checkNonNegative('CyclicLR', 'gamma', gamma);
    if (cycleMomentum) checkCyclesMomentum('CyclicLR', optimizer);

    const cycleLength = stepSizeUp + stepSizeDown;
    /** The part of the first cycle's height that is reached, in [0, 1] unless gamma grows. */
    const height = (epoch: number): number => {
      const cycle = Math.floor(epoch / cycleLength);
      const elapsed = epoch - cycle * cycleLength;
      const triangle = elapsed <= stepSizeUp ? elapsed / stepSizeUp : (cycleLength - elapsed) / stepSizeDown;
      if (mode === 'triangular2') return triangle * 0.5 ** cycle;
      return mode === 'exp_range' ? triangle * gamma ** epoch : triangle;
    };
    super(optimizer, {
      name: 'CyclicLR',
      config: {
        baseLr,
        maxLr,
        stepSizeUp,
        stepSizeDown,
        mode,
        gamma,
        cycleMomentum,
        baseMomentum: low,
        maxMomentum: high,
      },
      learningRate: (_base, epoch, group) =>
        baseLr[group]! + (maxLr[group]! - baseLr[group]!) * height(epoch),
      ...(cycleMomentum && {
        momentum: (epoch: number, group: number): number =>
          high[group]! - (high[group]! - low[group]!) * height(epoch),
      }),
    });
  }
}
