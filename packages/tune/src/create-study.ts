import { StaleTrialError, StudyError, show } from './errors.ts';
import type { Direction, FrozenTrial } from './frozen-trial.ts';
import { medianPruner } from './pruners/median-pruner.ts';
import type { Pruner } from './pruners/pruner.ts';
import { randomSampler } from './samplers/random-sampler.ts';
import type { Sampler } from './samplers/sampler.ts';
import type { InferParams, Params, Space } from './space.ts';
import { memoryStorage } from './storage/memory-storage.ts';
import type { ImportedTrial, StudyRecord, StudyStorage } from './storage/storage.ts';
import { Study } from './study.ts';
import { warnOnConsole } from './warning.ts';
import type { Warn } from './warning.ts';

/** Options of {@link loadStudy}. */
export interface LoadStudyOptions<S extends Space = Space> {
  readonly name: string;
  readonly storage: StudyStorage;
  /** Declared parameters: suggested in every trial before its objective runs, and the type of `params`. */
  readonly space?: S | undefined;
  /** Default `randomSampler()`. */
  readonly sampler?: Sampler | undefined;
  /** Default `medianPruner()`; it acts only where the objective asks `trial.shouldPrune()`. */
  readonly pruner?: Pruner | undefined;
  /**
   * What becomes of trials found running, left behind by a process that ended: `requeue` runs them again, first, with
   * the same parameters, and fails those that have had `maxAttempts`; `fail` fails them; `keep` leaves them to
   * whoever runs them. Default: `keep` when loading, `requeue` when `createStudy` resumes.
   */
  readonly interrupted?: 'requeue' | 'fail' | 'keep' | undefined;
  /** How often a trial may be started before it is given up when interrupted. Default 3. */
  readonly maxAttempts?: number | undefined;
  /** Receives each warning once. Default `console.warn`. */
  readonly onWarning?: Warn | undefined;
}

/** Options of {@link createStudy}. */
export interface StudyOptions<S extends Space = Space> extends Omit<LoadStudyOptions<S>, 'name' | 'storage'> {
  /** Default `study`. */
  readonly name?: string | undefined;
  /** Default `memoryStorage()`. */
  readonly storage?: StudyStorage | undefined;
  /** Default `minimize`. */
  readonly direction?: Direction | undefined;
  /** One for each objective, where there are several: instead of `direction`. */
  readonly directions?: readonly Direction[] | undefined;
  /**
   * Trials of an earlier study of the same objective: a new study starts out knowing those that have ended. To try
   * only their parameters, for an objective that has changed, use `study.enqueue`.
   */
  readonly warmStart?: ReadonlyArray<FrozenTrial | ImportedTrial> | undefined;
  /** A non-negative safe integer. Default: drawn at random, and kept with the study. */
  readonly seed?: number | undefined;
  /** Go on with the study of this name if the storage has one. Default false: that is an error. */
  readonly resume?: boolean | undefined;
}

/**
 * Creates a study, or resumes it: then its direction and seed must be the stored ones, if given, and interrupted
 * trials are run again, so that it proposes what it would have proposed without the interruption.
 * Throws `StorageError` if the name is taken, {@link StudyError} on a contradiction.
 *
 * @example
 * ```ts
 * import { createStudy, float, categorical } from '@nadir/tune';
 *
 * const study = await createStudy({
 *   direction: 'minimize',
 *   seed: 1,
 *   space: { lr: float(1e-3, 1, { log: true }), optimizer: categorical(['sgd', 'adam']) },
 * });
 * await study.optimize(({ params }) => Math.abs(Math.log10(params.lr) + 1), { trials: 50 });
 * study.bestValue < 0.2; // => true
 * ```
 */
export async function createStudy<const S extends Space>(
  options: StudyOptions<S> & { readonly space: S },
): Promise<Study<InferParams<S>>>;
export async function createStudy(options?: StudyOptions): Promise<Study>;
export async function createStudy(options: StudyOptions = {}): Promise<Study> {
  const { name = 'study', storage = memoryStorage(), seed, resume = false } = options;
  if (typeof name !== 'string' || name === '') {
    throw new StudyError(`createStudy(): a name that is not empty, got ${show(name)}.`);
  }
  const directions = directionsOf(options);
  if (seed !== undefined && !(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new StudyError(`createStudy(): a seed that is a whole number >= 0, got ${show(seed)}.`);
  }
  const stored = resume ? await storage.loadStudy(name) : undefined;
  if (stored === undefined) {
    const record = await storage.createStudy({
      name,
      directions: directions ?? ['minimize'],
      seed: seed ?? randomSeed(),
      createdAt: Date.now(),
    });
    return openStudy(record, { ...options, name, storage });
  }
  if (directions !== undefined && directions.join() !== stored.directions.join()) {
    throw new StudyError(
      `createStudy(): the direction of the resumed study "${name}", ${stored.directions.join(', ')}, got ${directions.join(', ')}.`,
    );
  }
  if (seed !== undefined && seed !== stored.seed) {
    throw new StudyError(
      `createStudy(): the seed of the resumed study "${name}", ${stored.seed}, got ${seed}. Leave the seed out to resume.`,
    );
  }
  return openStudy(stored, { ...options, name, storage, interrupted: options.interrupted ?? 'requeue' });
}

/**
 * Opens a study that a storage holds, to look at it or to go on.
 * Throws {@link StudyError} if there is none of that name.
 *
 * @example
 * ```ts
 * import { createStudy, loadStudy, memoryStorage } from '@nadir/tune';
 *
 * const storage = memoryStorage();
 * await createStudy({ storage, name: 'digits', direction: 'maximize' });
 * (await loadStudy({ storage, name: 'digits' })).direction === 'maximize'; // => true
 * ```
 */
export async function loadStudy<const S extends Space>(
  options: LoadStudyOptions<S> & { readonly space: S },
): Promise<Study<InferParams<S>>>;
export async function loadStudy(options: LoadStudyOptions): Promise<Study>;
export async function loadStudy(options: LoadStudyOptions): Promise<Study> {
  const { name, storage } = options;
  const record = await storage.loadStudy(name);
  if (record === undefined) {
    const known = (await storage.listStudies()).map((study) => show(study.name)).join(', ');
    throw new StudyError(`loadStudy(): a study that exists, got ${show(name)}. Known: ${known || 'none'}.`);
  }
  return openStudy(record, options);
}

function directionsOf({ direction, directions }: StudyOptions): readonly Direction[] | undefined {
  if (direction !== undefined && directions !== undefined) {
    throw new StudyError(
      `createStudy(): direction or directions, got ${show(direction)} and ${show(directions)}.`,
    );
  }
  const given = direction === undefined ? directions : [direction];
  if (given === undefined) return undefined;
  for (const item of given as readonly unknown[]) {
    if (item !== 'minimize' && item !== 'maximize') {
      throw new StudyError(`createStudy(): direction 'minimize' or 'maximize', got ${show(item)}.`);
    }
  }
  if (given.length === 0) throw new StudyError('createStudy(): at least one direction, got none.');
  return [...given];
}

async function openStudy(
  record: StudyRecord,
  options: LoadStudyOptions & Pick<StudyOptions, 'warmStart'>,
): Promise<Study<Params>> {
  const { storage, space, interrupted = 'keep', maxAttempts = 3, warmStart = [] } = options;
  if (!(Number.isSafeInteger(maxAttempts) && maxAttempts >= 1)) {
    throw new StudyError(`createStudy(): maxAttempts is a whole number >= 1, got ${show(maxAttempts)}.`);
  }
  if (interrupted !== 'keep') {
    for (const trial of await storage.loadTrials(record.name, 0)) {
      if (trial.state !== 'running') continue;
      try {
        await releaseTrial(storage, record.name, trial, interrupted === 'requeue' ? maxAttempts : 0);
      } catch (error) {
        // Someone else has ended or released it meanwhile.
        if (!(error instanceof StaleTrialError)) throw error;
      }
    }
  }
  const study = new Study({
    record,
    storage,
    space,
    sampler: options.sampler ?? randomSampler(),
    pruner: options.pruner ?? medianPruner(),
    warn: options.onWarning ?? warnOnConsole,
  });
  await study.sync();
  // Whether the study is new or its process ended before this: no trial comes before the import.
  if (warmStart.length > 0 && study.trials.length === 0) await study.importTrials(warmStart);
  return study;
}

async function releaseTrial(
  storage: StudyStorage,
  study: string,
  { number, attempt }: FrozenTrial,
  maxAttempts: number,
): Promise<void> {
  if (attempt < maxAttempts) {
    await storage.requeueTrial({ study, number, attempt });
    return;
  }
  const times = attempt === 1 ? 'once' : `${attempt} times`;
  await storage.finishTrial(
    { study, number, attempt },
    {
      state: 'failed',
      values: null,
      error: { name: 'StudyError', message: `The process ended ${times} while this trial was running.` },
      at: Date.now(),
    },
  );
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] as number;
}
