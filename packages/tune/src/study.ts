import { bestOf, paretoFront } from './best-trials.ts';
import { contains, formatDistribution, isParamValue } from './distribution.ts';
import type { Distribution } from './distribution.ts';
import { DistributionError, SearchExhaustedError, StudyError, show } from './errors.ts';
import { historyBefore, isFinished, lastStep } from './frozen-trial.ts';
import type { Direction, FinalState, FrozenTrial, TrialError } from './frozen-trial.ts';
import { copyJson } from './json.ts';
import type { JsonValue } from './json.ts';
import { runTrials } from './optimize.ts';
import type { Objective, ObjectiveResult, OptimizeOptions, OptimizeResult } from './optimize.ts';
import type { Pruner } from './pruners/pruner.ts';
import { trialRandom } from './samplers/sampler.ts';
import type { Sampler, SamplerContext } from './samplers/sampler.ts';
import type { Params, Space } from './space.ts';
import type { ImportedTrial, StudyRecord, StudyStorage, TrialOutcome, TrialRef } from './storage/storage.ts';
import { asImported } from './storage/storage.ts';
import { Trial } from './trial.ts';
import { TrialWriter } from './trial-writer.ts';
import type { Warn } from './warning.ts';

/** How `study.tell` ends a trial without a value. */
export interface ToldState {
  readonly state: 'pruned' | 'failed';
  /** Why it failed. */
  readonly error?: unknown;
}

/** The parts that a study works with. */
export interface StudyParts {
  readonly record: StudyRecord;
  readonly storage: StudyStorage;
  readonly sampler: Sampler;
  readonly pruner: Pruner;
  readonly space: Space | undefined;
  readonly warn: Warn;
}

interface LiveTrial<P> {
  readonly trial: Trial<P>;
  readonly writer: TrialWriter;
}

const NEVER: AbortSignal = new AbortController().signal;

/** A search: trials, what they gave, and where to look next. Made by `createStudy` or `loadStudy`. */
export class Study<P = Params> {
  readonly #parts: StudyParts;
  readonly #live: Map<number, LiveTrial<P>> = new Map();
  readonly #types: Map<string, { readonly type: Distribution['type']; readonly trial: number }> = new Map();
  readonly #warned: Set<string> = new Set();
  #known: FrozenTrial[] = [];
  #finished: readonly FrozenTrial[] | undefined;
  #revision = 0;
  #userAttributes: Readonly<Record<string, JsonValue>>;
  #optimizing = false;
  #stopped = false;

  constructor(parts: StudyParts) {
    this.#parts = parts;
    this.#userAttributes = parts.record.userAttributes;
  }

  get name(): string {
    return this.#parts.record.name;
  }

  /** The direction of the first objective. */
  get direction(): Direction {
    return this.directions[0] as Direction;
  }

  get directions(): readonly Direction[] {
    return this.#parts.record.directions;
  }

  /** The seed of all randomness of the study; drawn at creation unless given. */
  get seed(): number {
    return this.#parts.record.seed;
  }

  get userAttributes(): Readonly<Record<string, JsonValue>> {
    return this.#userAttributes;
  }

  /** All trials by number, running ones as they are now. */
  get trials(): readonly FrozenTrial<P>[] {
    return this.#known.map(
      (trial) => this.#live.get(trial.number)?.trial.freeze() ?? (trial as FrozenTrial<P>),
    );
  }

  /**
   * The complete trial with the best value, the earliest among equals; none that breaks a constraint.
   * Throws {@link StudyError} if there is none, or several objectives.
   */
  get bestTrial(): FrozenTrial<P> {
    if (this.directions.length !== 1) {
      throw new StudyError(
        `bestTrial: a study with one objective, got ${this.directions.length}. See bestTrials.`,
      );
    }
    return bestOf(this.#known, this.direction) as FrozenTrial<P>;
  }

  /**
   * The Pareto front, ascending by number: the complete trials that meet their constraints and that no other one
   * betters in one objective without being worse in another.
   */
  get bestTrials(): readonly FrozenTrial<P>[] {
    return paretoFront(this.#known, this.directions) as readonly FrozenTrial<P>[];
  }

  /** The value of `bestTrial`. */
  get bestValue(): number {
    return this.bestTrial.value as number;
  }

  /** The parameters of `bestTrial`. */
  get bestParams(): P {
    return this.bestTrial.params;
  }

  /** Keeps a JSON value with the study. Throws {@link StudyError} for what JSON cannot hold. */
  async setUserAttribute(key: string, value: JsonValue): Promise<void> {
    const copy = copyJson('setUserAttribute()', value, key);
    await this.#parts.storage.setStudyAttribute(this.name, key, copy);
    this.#userAttributes = { ...this.#userAttributes, [key]: copy };
  }

  /**
   * Adds a trial with given parameters, run before any other; what it leaves open the sampler proposes.
   * Throws {@link DistributionError} for a value outside a declared space.
   *
   * @example
   * ```ts
   * import { createStudy } from '@nadir/tune';
   *
   * const study = await createStudy();
   * await study.enqueue({ lr: 0.5 });
   * await study.optimize((trial) => trial.suggestFloat('lr', 0, 1), { trials: 1 });
   * study.bestValue; // => 0.5
   * ```
   */
  async enqueue(
    params: Partial<P>,
    options: { readonly userAttributes?: Readonly<Record<string, JsonValue>> } = {},
  ): Promise<FrozenTrial<P>> {
    const { space } = this.#parts;
    const fixedParams = Object.fromEntries(
      Object.entries(params as Params).filter(([, value]) => value !== undefined),
    );
    for (const [name, value] of Object.entries(fixedParams)) {
      if (!isParamValue(value)) {
        throw new DistributionError(
          `enqueue(): strings, finite numbers, booleans or null, got ${show(value)} for ${show(name)}.`,
        );
      }
      if (typeof space !== 'object') continue;
      const distribution = space[name];
      if (distribution === undefined || !contains(distribution, value)) {
        throw new DistributionError(
          distribution === undefined
            ? `enqueue(): parameters of the space, got ${show(name)}. Known: ${Object.keys(space).join(', ')}.`
            : `enqueue(): a value within ${formatDistribution(distribution)}, got ${show(value)} for ${show(name)}.`,
        );
      }
    }
    const userAttributes = copyJson('enqueue()', options.userAttributes ?? {}, 'userAttributes');
    const created = await this.#parts.storage.createTrial(this.name, {
      state: 'waiting',
      fixedParams,
      userAttributes: userAttributes as Readonly<Record<string, JsonValue>>,
      sampler: null,
      at: Date.now(),
    });
    this.#learn([created]);
    return created as FrozenTrial<P>;
  }

  /**
   * Takes over trials that have ended in another study, as if they had been run in this one: they take part in
   * everything. Their numbers are new. Throws {@link StudyError} for trials with another number of objectives.
   */
  async importTrials(trials: ReadonlyArray<FrozenTrial | ImportedTrial>): Promise<readonly FrozenTrial<P>[]> {
    const ended = trials.filter(isFinished);
    for (const [index, trial] of ended.entries()) {
      const { values } = trial;
      if (values !== null && values.length !== this.directions.length) {
        throw new StudyError(
          `importTrials(): trials with ${countOf(this.directions.length)}, got ${values.length} in trial ${'number' in trial ? trial.number : index}.`,
        );
      }
    }
    const imported = await this.#parts.storage.importTrials(this.name, ended.map(asImported));
    this.#learn(imported);
    return imported as readonly FrozenTrial<P>[];
  }

  /**
   * Starts a trial: a waiting one if there is one, else a new one. End it with `tell`.
   * Throws {@link SearchExhaustedError} when the sampler has nothing left, `StorageError` when storage fails.
   *
   * @example
   * ```ts
   * import { createStudy } from '@nadir/tune';
   *
   * const study = await createStudy({ direction: 'maximize' });
   * const trial = await study.ask();
   * const x = trial.suggestInt('x', 3, 3);
   * await study.tell(trial, x * 2);
   * study.bestValue; // => 6
   * ```
   */
  async ask(): Promise<Trial<P>> {
    return this.#ask(NEVER, () => {});
  }

  /**
   * Ends a trial, by itself or by number: with its value (or values, one for each direction), or as
   * `{ state: 'pruned' }` (its value is then its last report, if that is a number) or `{ state: 'failed', error }`.
   * NaN, what is no number and another number of values end it as failed.
   * Throws {@link StudyError} if the trial is not running here or in storage.
   */
  async tell(trial: Trial<P> | number, outcome: ObjectiveResult | ToldState): Promise<FrozenTrial<P>> {
    if (typeof outcome !== 'object' || outcome === null || isArray(outcome)) {
      return this.#tellValue(trial, outcome);
    }
    if (outcome.state === 'pruned') return this.#end(trial, 'pruned', null);
    if (outcome.state === 'failed') return this.#end(trial, 'failed', describeError(outcome.error ?? 'told'));
    throw new StudyError(
      `tell(): a value, or an object with state 'pruned' or 'failed', got ${show(outcome)}.`,
    );
  }

  /**
   * Runs trials of an objective. Failures are recorded and do not end the run unless `catch` says so; the result
   * says why it ended. Rejects on an error that is not caught, of a callback, or of storage.
   *
   * @example
   * ```ts
   * import { createStudy } from '@nadir/tune';
   *
   * const study = await createStudy({ seed: 0 });
   * await study.optimize((trial) => (trial.suggestFloat('x', -10, 10) - 2) ** 2, { trials: 100 });
   * study.bestValue < 0.5; // => true
   * ```
   */
  async optimize(objective: Objective<P>, options: OptimizeOptions<P> = {}): Promise<OptimizeResult> {
    if (this.#optimizing) {
      throw new StudyError(
        'optimize(): one run of a study at a time, got a second. Use the option concurrency, or ask() and tell().',
      );
    }
    this.#optimizing = true;
    this.#stopped = false;
    try {
      return await runTrials<P>(
        {
          ask: (signal, onReport) => this.#ask(signal, onReport),
          complete: (trial, value) => this.#tellValue(trial, value),
          prune: (trial) => this.#end(trial, 'pruned', null),
          fail: (trial, error) => this.#end(trial, 'failed', describeError(error)),
          requeue: (trial) => this.#requeue(trial),
          isStopped: () => this.#stopped,
        },
        objective,
        options,
      );
    } finally {
      this.#optimizing = false;
    }
  }

  /** Lets `optimize` start no further trial. Running ones finish. */
  stop(): void {
    this.#stopped = true;
  }

  /** Reads what other users of the same storage have written since. `ask` and `tell` do so by themselves. */
  async sync(): Promise<void> {
    const changed = await this.#parts.storage.loadTrials(this.name, this.#revision);
    this.#learn(changed);
    // Not from records that single calls returned: between two of those another process may have written.
    for (const { revision } of changed) this.#revision = Math.max(this.#revision, revision);
  }

  async #ask(
    signal: AbortSignal,
    onReport: (trial: Trial<P>, step: number, value: number) => void,
  ): Promise<Trial<P>> {
    const { storage, sampler, space } = this.#parts;
    let record = await storage.claimTrial(this.name, { sampler: sampler.name, at: Date.now() });
    if (record === undefined) {
      if (sampler.isExhausted !== undefined) await this.sync();
      const context = this.#context(this.#known.length, {}, Infinity);
      if ((await sampler.isExhausted?.(context)) === true) {
        throw new SearchExhaustedError(
          `ask(): a sampler with something left to propose, got ${show(sampler.name)} after ${this.#known.length} trials.`,
        );
      }
      record = await storage.createTrial(this.name, {
        state: 'running',
        fixedParams: {},
        userAttributes: {},
        sampler: sampler.name,
        at: Date.now(),
      });
    }
    await this.sync();
    const { number, attempt, fixedParams } = record;
    const context = this.#context(number, fixedParams, record.asked as number);
    const writer = new TrialWriter(storage, { study: this.name, number, attempt });
    try {
      const parentNumber = (await sampler.chooseParent?.(context)) ?? null;
      const parent = parentNumber === null ? null : (this.#known[parentNumber] ?? null);
      const proposal = (await sampler.sampleJoint?.(context)) ?? {};
      const trial: Trial<P> = new Trial<P>(
        {
          sampler,
          context,
          proposal,
          parent,
          signal,
          warn: (message) => this.#warn(message),
          admit: (caller, name, distribution) => this.#admit(caller, number, name, distribution),
          write: (change) => writer.write(change),
          reported: (step, value) => onReport(trial, step, value),
          shouldPrune: () => this.#shouldPrune(trial),
        },
        record,
      );
      this.#live.set(number, { trial, writer });
      if (space !== undefined) trial.suggest(space);
      const settled = { ...proposal, ...(trial.params as Params) };
      if (Object.keys(settled).length > 0 || parent !== null) {
        writer.write({ type: 'proposal', params: settled, parent: parent?.number ?? null });
      }
      await writer.flush();
      return trial;
    } catch (error) {
      await this.#end(number, 'failed', describeError(error));
      throw error;
    }
  }

  async #tellValue(trial: Trial<P> | number, value: unknown): Promise<FrozenTrial<P>> {
    const values: readonly unknown[] = isArray(value) ? value : [value];
    const expected = this.directions.length;
    if (values.length === expected && values.every(isNumber)) {
      return this.#end(trial, 'complete', null, values);
    }
    const hint =
      expected === 1
        ? `Return the value to ${this.direction}.`
        : 'Return an array of one value for each direction.';
    return this.#end(trial, 'failed', {
      name: 'StudyError',
      message: `objective(): ${expected === 1 ? 'a number' : countOf(expected)}, got ${show(value)}. ${hint}`,
    });
  }

  async #end(
    trial: Trial<P> | number,
    state: FinalState,
    error: TrialError | null,
    values: readonly number[] | null = null,
  ): Promise<FrozenTrial<P>> {
    const ref = await this.#flushed('tell()', trial);
    const last =
      this.#live.get(ref.number)?.trial.intermediateValues ?? this.#known[ref.number]?.intermediateValues;
    const report = state === 'pruned' && last !== undefined ? last[lastStep(last) ?? -1] : undefined;
    const outcome: TrialOutcome = {
      state,
      values: values ?? (report === undefined || Number.isNaN(report) ? null : [report]),
      error,
      at: Date.now(),
    };
    return this.#leave(await this.#parts.storage.finishTrial(ref, outcome));
  }

  async #requeue(trial: Trial<P>): Promise<FrozenTrial<P>> {
    return this.#leave(await this.#parts.storage.requeueTrial(await this.#flushed('optimize()', trial)));
  }

  /** The attempt at a running trial, after all that it wrote has been stored. */
  async #flushed(caller: string, trial: Trial<P> | number): Promise<TrialRef> {
    const number = typeof trial === 'number' ? trial : trial.number;
    const live = this.#live.get(number);
    if (live === undefined || (typeof trial !== 'number' && live.trial !== trial)) {
      const known = this.#known[number];
      if (typeof trial !== 'number' || known?.state !== 'running') {
        const fate = known === undefined ? 'does not exist' : `is ${known.state}`;
        throw new StudyError(
          `${caller}: a running trial of study "${this.name}", got ${show(number)}, which ${fate}.`,
        );
      }
      return { study: this.name, number, attempt: known.attempt };
    }
    live.trial.end();
    await live.writer.flush();
    return { study: this.name, number, attempt: live.trial.attempt };
  }

  #leave(record: FrozenTrial): FrozenTrial<P> {
    this.#live.delete(record.number);
    this.#learn([record]);
    return record as FrozenTrial<P>;
  }

  #learn(records: readonly FrozenTrial[]): void {
    for (const record of records) {
      const known = this.#known[record.number];
      if (known !== undefined && known.revision >= record.revision) continue;
      this.#known[record.number] = record;
      this.#finished = undefined;
      for (const [name, { type }] of Object.entries(record.distributions)) {
        if (!this.#types.has(name)) this.#types.set(name, { type, trial: record.number });
      }
    }
  }

  #context(trialNumber: number, fixedParams: Params, asked: number): SamplerContext {
    const { sampler, space } = this.#parts;
    const seed = sampler.seed ?? this.seed;
    let history: readonly FrozenTrial[] | undefined;
    // Taken now, although a sampler may look later: other trials go on in between.
    const trials = [...this.#known];
    return {
      directions: this.directions,
      seed,
      trialNumber,
      fixedParams,
      enqueued: Object.keys(fixedParams).length > 0,
      space,
      history: () => (history ??= historyBefore(trials, asked)),
      random: (...labels) => trialRandom(seed, trialNumber, ...labels),
    };
  }

  #shouldPrune(trial: Trial<P>): boolean {
    if (this.directions.length !== 1) {
      throw new StudyError(`shouldPrune(): a study with one objective, got ${this.directions.length}.`);
    }
    return this.#parts.pruner.shouldPrune({
      direction: this.direction,
      trial: trial as Trial,
      otherTrials: () =>
        (this.trials as readonly FrozenTrial[]).filter(
          ({ number, state }) => number !== trial.number && state !== 'waiting',
        ),
      finishedTrials: () => (this.#finished ??= this.#known.filter(isFinished)),
      random: (...labels) => trialRandom(this.seed, trial.number, 'pruner', ...labels),
    });
  }

  #admit(caller: string, trial: number, name: string, distribution: Distribution): void {
    const known = this.#types.get(name);
    if (known === undefined) {
      this.#types.set(name, { type: distribution.type, trial });
    } else if (known.type !== distribution.type) {
      throw new DistributionError(
        `${caller}: one type for a name throughout a study, got ${distribution.type} in trial ${trial} ` +
          `after ${known.type} in trial ${known.trial}. Rename the parameter, or start a new study.`,
      );
    }
  }

  #warn(message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#parts.warn(message);
  }
}

/** As `Array.isArray`, which takes no readonly array out of a union. */
function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(value);
}

function countOf(objectives: number): string {
  return objectives === 1 ? 'one value' : `${objectives} values`;
}

function describeError(error: unknown): TrialError {
  if (!(error instanceof Error))
    return { name: 'Error', message: typeof error === 'string' ? error : show(error) };
  const { name, message, stack } = error;
  return stack === undefined ? { name, message } : { name, message, stack };
}
