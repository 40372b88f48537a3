import { checkFraction, checkNonNegativeInteger, checkOneOf, checkPositiveInteger } from './option-check.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/** The shapes of a final decay, by the fraction u of it that has passed. */
const shapes = {
  linear: (u: number): number => 1 - u,
  cosine: (u: number): number => (1 + Math.cos(Math.PI * u)) / 2,
  '1-sqrt': (u: number): number => 1 - Math.sqrt(u),
};

/** Options of {@link warmupStableDecay}. */
export interface WarmupStableDecayOptions {
  /** Steps until the factor is 1, an integer ≥ 0. */
  readonly warmupSteps: number;
  /** Steps at factor 1, an integer ≥ 0. */
  readonly stableSteps: number;
  /** Steps from factor 1 to `minFactor`, a positive integer. */
  readonly decaySteps: number;
  /** The factor after the decay, in [0, 1]. Default 0. */
  readonly minFactor?: number;
  /** The shape of the decay. Default 'linear'. */
  readonly decay?: keyof typeof shapes;
}

/**
 * Warm-up, a plateau at 1, a decay to `minFactor`, then `minFactor`. The warm-up is that of `linearWarmup`.
 *
 * Follows Hu et al., "MiniCPM" (2024); the shape '1-sqrt' is that of Hägele et al., "Scaling laws and compute-optimal
 * training beyond fixed training durations" (2024).
 *
 * @throws ScheduleError if a number of steps is not an integer in its range, or another option is out of range
 * @example
 * ```ts
 * import { warmupStableDecay } from '@nadir/schedulers';
 *
 * const schedule = warmupStableDecay({ warmupSteps: 9, stableSteps: 71, decaySteps: 20 });
 * schedule(0); // => 0.1
 * schedule(50); // => 1
 * schedule(90); // => 0.5
 * ```
 */
export function warmupStableDecay(options: WarmupStableDecayOptions): Schedule {
  const { warmupSteps, stableSteps, decaySteps, minFactor = 0, decay = 'linear' } = options;
  checkNonNegativeInteger('warmupStableDecay', 'warmupSteps', warmupSteps);
  checkNonNegativeInteger('warmupStableDecay', 'stableSteps', stableSteps);
  checkPositiveInteger('warmupStableDecay', 'decaySteps', decaySteps);
  checkFraction('warmupStableDecay', 'minFactor', minFactor);
  checkOneOf('warmupStableDecay', 'decay', decay, Object.keys(shapes));
  const shape = shapes[decay];
  const decayStart = warmupSteps + stableSteps;
  return defineSchedule(
    'warmupStableDecay',
    { warmupSteps, stableSteps, decaySteps, minFactor, decay },
    (step) => {
      if (step < warmupSteps) return (step + 1) / (warmupSteps + 1);
      if (step < decayStart) return 1;
      const passed = Math.min((step - decayStart) / decaySteps, 1);
      return minFactor + (1 - minFactor) * shape(passed);
    },
  );
}
