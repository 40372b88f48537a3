import {
  contains,
  formatDistribution,
  isSingle,
  makeCategorical,
  makeFloat,
  makeInt,
  sameDistribution,
} from './distribution.ts';
import type {
  CategoricalChoice,
  Distribution,
  FloatOptions,
  IntOptions,
  ParamValue,
} from './distribution.ts';
import { DistributionError, StudyError, show } from './errors.ts';
import type { FrozenTrial } from './frozen-trial.ts';
import { copyJson } from './json.ts';
import type { JsonValue } from './json.ts';
import type { Sampler, SamplerContext } from './samplers/sampler.ts';
import { suggestSpace } from './space.ts';
import type { InferParams, Params, Space, Suggester } from './space.ts';
import type { TrialChange } from './storage/storage.ts';
import type { Warn } from './warning.ts';

/** What a trial needs of its study. */
export interface TrialHost {
  readonly sampler: Sampler;
  readonly context: SamplerContext;
  /** The joint proposal of the sampler. */
  readonly proposal: Params;
  /** The trial whose work this one goes on with. */
  readonly parent: FrozenTrial | null;
  readonly signal: AbortSignal;
  readonly warn: Warn;
  /** Throws if the parameter was of another type in an earlier trial. */
  admit(caller: string, name: string, distribution: Distribution): void;
  write(change: TrialChange): void;
  reported(step: number, value: number): void;
  shouldPrune(): boolean;
}

/** A running trial: suggests parameters, takes reports. From `study.optimize` or `study.ask`. */
export class Trial<P = Params> implements Suggester {
  readonly #host: TrialHost;
  readonly #record: FrozenTrial;
  readonly #params: Record<string, ParamValue> = {};
  readonly #distributions: Record<string, Distribution> = {};
  readonly #intermediateValues: Record<number, number> = {};
  readonly #constraints: Record<string, number> = {};
  readonly #userAttributes: Record<string, JsonValue>;
  #signal: AbortSignal;
  #ended = false;

  constructor(host: TrialHost, record: FrozenTrial) {
    this.#host = host;
    this.#record = record;
    this.#signal = host.signal;
    this.#userAttributes = { ...record.userAttributes };
  }

  /** Consecutive from 0 within the study. */
  get number(): number {
    return this.#record.number;
  }

  /** 1, and one more for each time that the trial was interrupted and run again. */
  get attempt(): number {
    return this.#record.attempt;
  }

  /**
   * The ended trial whose work this one goes on with: where its objective left a checkpoint (in a user attribute, say),
   * start from that. Null for a fresh start, as always without a sampler such as `pbtSampler`.
   */
  get parent(): FrozenTrial<P> | null {
    return this.#host.parent as FrozenTrial<P> | null;
  }

  /** The parameters suggested so far; all of them from the start where the study declares a space. */
  get params(): P {
    return { ...this.#params } as P;
  }

  /** The distribution of each parameter suggested so far. */
  get distributions(): Readonly<Record<string, Distribution>> {
    return { ...this.#distributions };
  }

  /** What was reported so far, by step. */
  get intermediateValues(): Readonly<Record<number, number>> {
    return this.#intermediateValues;
  }

  /** What was given to `setConstraint` so far. */
  get constraints(): Readonly<Record<string, number>> {
    return { ...this.#constraints };
  }

  get userAttributes(): Readonly<Record<string, JsonValue>> {
    return { ...this.#userAttributes };
  }

  /**
   * Aborted when `study.optimize` is told to stop at once (an objective that then throws is run again on resume), and
   * when its `trialTimeout` has passed.
   */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /**
   * Suggests a number in `[low, high]`: uniform, log-uniform with `log`, or on the grid `low + k · step`.
   * The same name with the same range gives the same value again. Throws {@link DistributionError}.
   */
  suggestFloat(name: string, low: number, high: number, options: FloatOptions = {}): number {
    const caller = `suggestFloat(${show(name)})`;
    return this.#suggest(caller, name, makeFloat(caller, low, high, options, this.#host.warn)) as number;
  }

  /**
   * Suggests a whole number in `[low, high]`: uniform, log-uniform with `log`, or on the grid `low + k · step`.
   * Throws {@link DistributionError}.
   */
  suggestInt(name: string, low: number, high: number, options: IntOptions = {}): number {
    const caller = `suggestInt(${show(name)})`;
    return this.#suggest(caller, name, makeInt(caller, low, high, options, this.#host.warn)) as number;
  }

  /** Suggests one of `choices`. Throws {@link DistributionError}. */
  suggestCategorical<const T extends readonly CategoricalChoice[]>(name: string, choices: T): T[number] {
    const caller = `suggestCategorical(${show(name)})`;
    return this.#suggest(caller, name, makeCategorical(caller, choices)) as T[number];
  }

  /**
   * Suggests every parameter of a declared space.
   *
   * @example
   * ```ts
   * import { createStudy, float } from '@nadir/tune';
   *
   * const study = await createStudy({ seed: 1 });
   * const trial = await study.ask();
   * const { lr } = trial.suggest({ lr: float(0.01, 0.1) });
   * lr >= 0.01 && lr <= 0.1; // => true
   * ```
   */
  suggest<const S extends Space>(space: S): InferParams<S> {
    return suggestSpace('suggest()', space, this, () => this.#params) as InferParams<S>;
  }

  /**
   * Reports the objective's value after a step: a whole number from 0, each reported once. NaN is allowed.
   * Throws {@link StudyError} on anything else.
   */
  report(value: number, step: number): void {
    this.#requireRunning('report()');
    if (typeof value !== 'number') {
      throw new StudyError(`report(): a number for the value, got ${show(value)} at step ${show(step)}.`);
    }
    if (!Number.isSafeInteger(step) || step < 0) {
      throw new StudyError(
        `report(): a whole number >= 0 for the step, got ${show(step)} with value ${value}.`,
      );
    }
    const earlier = this.#intermediateValues[step];
    if (earlier !== undefined) {
      this.#host.warn(
        `report(): one report a step, got ${value} for step ${step} of trial ${this.number} after ${earlier}. The later one is ignored.`,
      );
      return;
    }
    this.#intermediateValues[step] = value;
    this.#host.write({ type: 'report', step, value });
    this.#host.reported(step, value);
  }

  /** Whether the study's pruner would end the trial now. If so, throw a `TrialPruned`. */
  shouldPrune(): boolean {
    return this.#host.shouldPrune();
  }

  /**
   * Says how far the trial is from breaking a constraint, by name: at most 0 where it is met. A trial that breaks one
   * is never the best, and samplers look elsewhere. Throws {@link StudyError} for what is no number.
   *
   * @example
   * ```ts
   * import { createStudy } from '@nadir/tune';
   *
   * const study = await createStudy({ seed: 1 });
   * await study.optimize(
   *   (trial) => {
   *     const x = trial.suggestFloat('x', 0, 1);
   *     trial.setConstraint('x >= 0.5', 0.5 - x);
   *     return x;
   *   },
   *   { trials: 30 },
   * );
   * study.bestValue >= 0.5; // => true
   * ```
   */
  setConstraint(name: string, value: number): void {
    this.#requireRunning('setConstraint()');
    requireName('setConstraint()', name);
    if (typeof value !== 'number') {
      throw new StudyError(`setConstraint(): a number, got ${show(value)} for ${show(name)}.`);
    }
    this.#constraints[name] = value;
    this.#host.write({ type: 'constraint', name, value });
  }

  /** Keeps a JSON value with the trial. Throws {@link StudyError} for what JSON cannot hold. */
  setUserAttribute(key: string, value: JsonValue): void {
    this.#requireRunning('setUserAttribute()');
    requireName('setUserAttribute()', key);
    const copy = copyJson('setUserAttribute()', value, key);
    this.#userAttributes[key] = copy;
    this.#host.write({ type: 'attribute', key, value: copy });
  }

  /** The trial as it is now. */
  freeze(): FrozenTrial<P> {
    return {
      ...this.#record,
      params: { ...this.#record.params, ...this.#params } as P,
      distributions: { ...this.#record.distributions, ...this.#distributions },
      parent: this.#host.parent?.number ?? null,
      intermediateValues: { ...this.#intermediateValues },
      constraints: { ...this.#constraints },
      userAttributes: { ...this.#userAttributes },
    };
  }

  /** Lets the signal be aborted after so many seconds; returns what calls that off. */
  limitTime(seconds: number): () => void {
    // Timers hold no more than 2^31 − 1 ms: what is longer is not waited for.
    if (seconds * 1000 >= 2 ** 31) return () => {};
    const clock = new AbortController();
    const timer = setTimeout(() => {
      const message = `Trial ${this.number} ran for longer than ${seconds} s.`;
      clock.abort(new DOMException(message, 'TimeoutError'));
    }, seconds * 1000);
    this.#signal = AbortSignal.any([this.#host.signal, clock.signal]);
    return () => clearTimeout(timer);
  }

  /** Refuses all further changes: the study calls it when the trial ends. */
  end(): void {
    this.#ended = true;
  }

  #suggest(caller: string, name: string, distribution: Distribution): ParamValue {
    const known = this.#distributions[name];
    if (known !== undefined) {
      if (sameDistribution(known, distribution)) return this.#params[name] as ParamValue;
      throw new DistributionError(
        `${caller}: one distribution for a name within a trial, got ${formatDistribution(distribution)} ` +
          `after ${formatDistribution(known)}. Give the second parameter its own name.`,
      );
    }
    this.#requireRunning(caller);
    requireName(caller, name);
    this.#host.admit(caller, name, distribution);
    const value = this.#propose(caller, name, distribution);
    this.#params[name] = value;
    this.#distributions[name] = distribution;
    this.#host.write({ type: 'param', name, value, distribution });
    return value;
  }

  #propose(caller: string, name: string, distribution: Distribution): ParamValue {
    const { context, proposal, sampler } = this.#host;
    const fixed = this.#record.fixedParams[name];
    if (fixed !== undefined) {
      if (contains(distribution, fixed)) return fixed;
      throw new DistributionError(
        `${caller}: an enqueued value within ${formatDistribution(distribution)}, got ${show(fixed)} in trial ${this.number}.`,
      );
    }
    // An earlier attempt's value is kept, unless the range has been edited since.
    const earlier = this.#record.params[name];
    if (earlier !== undefined && contains(distribution, earlier)) return earlier;
    if (isSingle(distribution)) {
      return distribution.type === 'categorical' ? (distribution.choices[0] as ParamValue) : distribution.low;
    }
    const joint = proposal[name];
    if (joint !== undefined && contains(distribution, joint)) return joint;
    const value = sampler.sampleParameter(context, name, distribution);
    if (!contains(distribution, value)) {
      throw new DistributionError(
        `${caller}: the sampler ${show(sampler.name)} proposes values within ${formatDistribution(distribution)}, got ${show(value)}.`,
      );
    }
    return value;
  }

  #requireRunning(caller: string): void {
    if (this.#ended) {
      throw new StudyError(`${caller}: a running trial, got trial ${this.number}, which has ended.`);
    }
  }
}

function requireName(caller: string, name: string): void {
  // '__proto__' is the one key that a plain object cannot hold.
  if (typeof name !== 'string' || name === '' || name === '__proto__') {
    throw new StudyError(`${caller}: a non-empty name, got ${show(name)}.`);
  }
}
