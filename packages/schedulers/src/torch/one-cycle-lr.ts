import { phaseEnds, phaseValue } from '../one-cycle-phases.ts';
import {
  checkFraction,
  checkNonNegative,
  checkOneOf,
  checkPositive,
  checkPositiveInteger,
} from '../option-check.ts';
import { ScheduleError } from '../schedule-error.ts';
import { perGroup } from './learning-rate-scheduler.ts';
import { checkCyclesMomentum, LRScheduler } from './lr-scheduler.ts';
import type { MomentumGroup, ScheduledOptimizer } from './scheduled-optimizer.ts';

/** Options of {@link OneCycleLR}. */
export interface OneCycleLROptions {
  /** The peak learning rate (not a factor), ≥ 0; one for all groups or one each. */
  readonly maxLr: number | readonly number[];
  /** Steps of the cycle, a positive integer; or else `epochs` and `stepsPerEpoch`. */
  readonly totalSteps?: number;
  readonly epochs?: number;
  readonly stepsPerEpoch?: number;
  /** The part of the cycle that rises, in [0, 1]. Default 0.3. */
  readonly pctStart?: number;
  /** Default 'cos'. */
  readonly annealStrategy?: 'cos' | 'linear';
  /** Whether the momentum, or the first beta, moves against the learning rate. Default true. */
  readonly cycleMomentum?: boolean;
  /** The momentum at the peak; one for all groups or one each. Default 0.85. */
  readonly baseMomentum?: number | readonly number[];
  /** The momentum at both ends; one for all groups or one each. Default 0.95. */
  readonly maxMomentum?: number | readonly number[];
  /** The first learning rate is `maxLr / divFactor`, > 0. Default 25. */
  readonly divFactor?: number;
  /** The last one is the first one divided by this, > 0. Default 1e4. */
  readonly finalDivFactor?: number;
  /** Whether the rise is mirrored before the last fall. Default false. */
  readonly threePhase?: boolean;
}

/**
 * Torch's `OneCycleLR`: up to `maxLr`, then far down; call `step()` after every batch. As a schedule: `oneCycle`.
 *
 * The optimizer's own learning rate is not used. After the last step the learning rate stays, where torch lets it rise
 * once and then throws; a rise of one step, by which torch divides by zero, starts at the peak.
 *
 * @throws ScheduleError if an option is missing or out of range, or momentum is to be cycled and a group has none
 * @example
 * ```ts
 * import { OneCycleLR } from '@nadir/schedulers';
 *
 * const group = { lr: 1, momentum: 0.9 };
 * const optimizer = { paramGroups: [group] };
 * const scheduler = new OneCycleLR(optimizer, { maxLr: 0.5, totalSteps: 100 });
 * scheduler.stepTo(29);
 * group.lr; // => 0.5
 * group.momentum; // => 0.85
 * ```
 */
export class OneCycleLR extends LRScheduler {
  constructor(optimizer: ScheduledOptimizer<MomentumGroup>, options: OneCycleLROptions) {
    const { pctStart = 0.3, annealStrategy = 'cos', cycleMomentum = true, threePhase = false } = options;
    const { baseMomentum = 0.85, maxMomentum = 0.95, divFactor = 25, finalDivFactor = 1e4 } = options;
    const groups = optimizer.paramGroups.length;
    const bound = (option: string, value: number | readonly number[]): readonly number[] => {
      const values = perGroup('OneCycleLR', option, value, groups);
      for (const each of values) checkNonNegative('OneCycleLR', option, each);
      return values;
    };
    const totalSteps = cycleSteps(options);
    const maxLr = bound('maxLr', options.maxLr);
    const low = bound('baseMomentum', baseMomentum);
    const high = bound('maxMomentum', maxMomentum);
    checkFraction('OneCycleLR', 'pctStart', pctStart);
    checkOneOf('OneCycleLR', 'annealStrategy', annealStrategy, ['cos', 'linear']);
    checkPositive('OneCycleLR', 'divFactor', divFactor);
    checkPositive('OneCycleLR', 'finalDivFactor', finalDivFactor);
    if (cycleMomentum) checkCyclesMomentum('OneCycleLR', optimizer);

    const anneal = annealStrategy === 'cos' ? 'cosine' : 'linear';
    const ends = phaseEnds(totalSteps, pctStart, threePhase);
    const lrKnots = maxLr.map((peak) => {
      const first = peak / divFactor;
      const last = first / finalDivFactor;
      return threePhase ? [first, peak, first, last] : [first, peak, last];
    });
    const momentumKnots = high.map((edge, i) => [edge, low[i]!, edge, edge]);
    super(optimizer, {
      name: 'OneCycleLR',
      config: {
        maxLr,
        totalSteps,
        pctStart,
        annealStrategy,
        cycleMomentum,
        baseMomentum: low,
        maxMomentum: high,
        divFactor,
        finalDivFactor,
        threePhase,
      },
      learningRate: (_base, epoch, group) => phaseValue(epoch, ends, lrKnots[group]!, anneal),
      ...(cycleMomentum && {
        momentum: (epoch: number, group: number): number =>
          phaseValue(epoch, ends, momentumKnots[group]!, anneal),
      }),
    });
  }
}

function cycleSteps(options: OneCycleLROptions): number {
  const { totalSteps, epochs, stepsPerEpoch } = options;
  if (totalSteps !== undefined) {
    checkPositiveInteger('OneCycleLR', 'totalSteps', totalSteps);
    return totalSteps;
  }
  if (epochs === undefined || stepsPerEpoch === undefined) {
    throw new ScheduleError(
      `OneCycleLR(): totalSteps, or epochs and stepsPerEpoch, are needed, got epochs ${epochs} and stepsPerEpoch ${stepsPerEpoch}.`,
    );
  }
  checkPositiveInteger('OneCycleLR', 'epochs', epochs);
  checkPositiveInteger('OneCycleLR', 'stepsPerEpoch', stepsPerEpoch);
  return epochs * stepsPerEpoch;
}
