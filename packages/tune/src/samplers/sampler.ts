import { PhiloxGenerator } from '@nadir/random';
import type { Distribution, ParamValue } from '../distribution.ts';
import type { Direction, FrozenTrial } from '../frozen-trial.ts';
import type { Params, Space } from '../space.ts';

/**
 * What a sampler may look at. It is a function of the seed, of the trial's number and of the study as it stood when
 * the trial was first asked for: so an interrupted trial, asked for again, gets the same proposal.
 */
export interface SamplerContext {
  readonly directions: readonly Direction[];
  /** The sampler's own seed, or the study's. */
  readonly seed: number;
  /** The number of the trial to propose for. */
  readonly trialNumber: number;
  /** What `study.enqueue` fixed, if the trial was enqueued; these win over any proposal. */
  readonly fixedParams: Params;
  readonly enqueued: boolean;
  /** The study's declared space, if it has one. */
  readonly space: Space | undefined;
  /**
   * The trials asked for earlier. Those that had not ended at that moment are running: they show enqueued values and
   * joint proposals, and no results, reports or distributions.
   */
  history(): readonly FrozenTrial[];
  /** A fresh generator keyed by (seed, trial number, labels): the same labels give the same numbers again. */
  random(...labels: readonly (string | number)[]): PhiloxGenerator;
}

/** Proposes parameters. A sampler keeps no state but caches: everything follows from the context. */
export interface Sampler {
  /** Recorded with every trial, as `random` or `grid`. */
  readonly name: string;
  /** Used instead of the study's seed. */
  readonly seed?: number | undefined;
  /** Asked before a trial is created: true ends the search. The context has the next trial's number. */
  isExhausted?(context: SamplerContext): boolean | Promise<boolean>;
  /**
   * Asked once for each trial, before `sampleJoint`: the number of the ended trial whose work the new one goes on
   * with, or null. It is recorded as the trial's `parent`.
   */
  chooseParent?(context: SamplerContext): number | null | Promise<number | null>;
  /**
   * Called once for each trial, before the objective: proposes parameters jointly. A proposal is used when the
   * parameter is suggested and its distribution contains it; for all others `sampleParameter` is asked.
   */
  sampleJoint?(context: SamplerContext): Params | Promise<Params>;
  /** Proposes one parameter, when the objective suggests it. */
  sampleParameter(context: SamplerContext, name: string, distribution: Distribution): ParamValue;
}

/** Independent randomness of one trial: all of it is keyed, none of it depends on what was drawn before. */
export function trialRandom(
  seed: number,
  trialNumber: number,
  ...labels: readonly (string | number)[]
): PhiloxGenerator {
  return new PhiloxGenerator({ seed }).fork('trial', trialNumber, ...labels);
}
