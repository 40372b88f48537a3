import type { StateDict } from '@nadir/nn';
import type { OptimizerState } from '@nadir/optimizers';
import { defaultGenerator, NadirError, ValueError, type Tensor } from '@nadir/tensor';
import type { Callbacks, StopReason, TrainingPosition } from './callbacks.ts';
import {
  batchSizeOf,
  breathe,
  evaluateWith,
  type Batches,
  type Evaluation,
  type ForwardFunction,
} from './evaluate.ts';
import { chooseExecutor, type ExecutorChoice } from './executor-choice.ts';
import type { EvaluationRecord, History, StepRecord } from './history.ts';
import type { Metric } from './metrics/metric.ts';
import type { StopCondition } from './stop/stop-condition.ts';
import { TrainerPrograms } from './trainer-programs.ts';
import type { TrainerModel } from './training-step.ts';

/** The optimizer of a trainer. */
export interface TrainerOptimizer {
  readonly paramGroups: readonly { readonly lr: number }[];
  zeroGrad(): void;
  step(): void;
  lrStep(): void;
  stateDict(): OptimizerState;
  loadStateDict(state: OptimizerState): void;
}

/** Batches whose position can be saved and put back, as a DataLoader's. */
export interface TrainingBatches<Batch> extends AsyncIterable<Batch> {
  /** Batches per epoch. */
  readonly length: number;
  stateDict(): { readonly epoch: number; readonly batch: number };
  loadStateDict(state: { readonly epoch: number; readonly batch: number }): void;
}

/** Options of {@link Trainer}. */
export interface TrainerOptions<Batch> {
  readonly model: TrainerModel;
  readonly optimizer: TrainerOptimizer;
  /** The loss of a batch, with the outputs where metrics are wanted. */
  readonly forward: ForwardFunction<Batch>;
  /** Measured on validation data. */
  readonly metrics?: Readonly<Record<string, Metric<Batch>>>;
  /** Scale gradients to at most this joint 2-norm. Default: leave them. */
  readonly clipNorm?: number;
  /** When the learning-rate schedule moves on. Default `step`. */
  readonly lrStep?: 'step' | 'epoch' | 'never';
  /**
   * Batches that make one step, as one batch of all their items would; the last step of an epoch takes what is left.
   * Default 1.
   */
  readonly accumulate?: number;
  /**
   * What runs steps and evaluation. Default `wasm`: both are compiled, so that batches and outputs must be made of tensors,
   * `forward` must not read elements, and what it does beside tensors happens while it is traced only. `eager` calls
   * `forward` for every batch.
   */
  readonly executor?: ExecutorChoice;
  /** Leave the gradients of every step in `.grad`, where compiled steps keep them to themselves. Default false. */
  readonly keepGrads?: boolean;
}

/** Options of {@link Trainer.fit}. */
export interface FitOptions<Batch> extends Callbacks {
  /** Times to go through the data, counted from the beginning of training, resumed runs included. Default 1. */
  readonly epochs?: number;
  /** Evaluated at the end of every epoch. */
  readonly validation?: Batches<Batch>;
  /** Evaluate also after every so many steps. */
  readonly evaluateEvery?: number;
  /** Ends training before all epochs are done. */
  readonly stop?: readonly StopCondition[];
  /** Ends training after the current step. */
  readonly signal?: AbortSignal;
}

/** What `fit()` returns. */
export interface FitResult {
  readonly reason: StopReason;
  readonly steps: number;
  readonly epochs: number;
  readonly history: History;
}

/** Everything from which training goes on exactly: numbers as JSON, tensors apart. */
export interface TrainerState {
  readonly model: StateDict;
  readonly optimizer: OptimizerState;
  readonly step: number;
  readonly epoch: number;
  readonly seconds: number;
  readonly loader: { readonly epoch: number; readonly batch: number };
  readonly history: History;
  /** What stop conditions remember, by name. */
  readonly stop: Readonly<Record<string, unknown>>;
  /** Parameters of the best evaluation, where a stop condition keeps them. */
  readonly best: StateDict | null;
  /** State of the default generator: what dropout draws next. */
  readonly random: Tensor;
  /** Name of the executor that took the steps. */
  readonly executor: string;
}

/** Frees the programs of trainers that nobody has disposed and nobody can reach any more. */
const abandoned = /* @__PURE__ */ new FinalizationRegistry<{ dispose(): void }>((programs) =>
  programs.dispose(),
);

let isNoticeGiven = false;

/** Says once a process what a default could not keep. */
function giveNotice(notice: string | null): void {
  if (notice === null || isNoticeGiven) return;
  isNoticeGiven = true;
  // oxlint-disable-next-line no-console -- A library without a logger has no other place to be heard.
  console.warn(notice);
}

/**
 * The training loop: zeroGrad, forward, backward, clip, step, lrStep, with evaluation, stop conditions, history and
 * exact resume. Steps and evaluation are compiled, unless `executor` says otherwise. A step whose loss is not finite ends the
 * run as `diverged`, with parameters, moments, counters, buffers and random numbers as they were before it.
 *
 * @throws ValueError for `accumulate` that is no whole number of at least 1; ProgramError for `wasm` where the engine lacks SIMD
 * @example
 * ```ts
 * import { DataLoader, TensorDataset } from '@nadir/data';
 * import { Linear, mseLoss } from '@nadir/nn';
 * import { SGD } from '@nadir/optimizers';
 * import { linspace } from '@nadir/tensor';
 * import { Trainer } from '@nadir/train';
 * const x = linspace(-1, 1, 32).unsqueeze(1);
 * const loader = new DataLoader(new TensorDataset(x, x.mul(3)), { batchSize: 8 });
 * const model = new Linear(1, 1);
 * const optimizer = new SGD(model.parameters(), { lr: 0.5 });
 * const trainer = new Trainer<readonly [typeof x, typeof x]>({ model, optimizer, forward: ([a, b]) => mseLoss(model(a), b) });
 * const result = await trainer.fit(loader, { epochs: 20 });
 * result.steps; // => 80
 * model.weight.item().toFixed(3); // => 3.000
 * ```
 */
export class Trainer<Batch> {
  /** Name of what runs the steps, as checkpoints record it. */
  readonly executor: string;
  readonly #options: TrainerOptions<Batch>;
  readonly #programs: TrainerPrograms<Batch>;
  #step = 0;
  #epoch = 0;
  #seconds = 0;
  #loader: { readonly epoch: number; readonly batch: number } = { epoch: 0, batch: 0 };
  #steps: StepRecord[] = [];
  #evaluations: EvaluationRecord[] = [];
  #best: StateDict | null = null;
  /** States of conditions that came with a checkpoint and are handed out when `fit()` begins. */
  #stopStates: Readonly<Record<string, unknown>> = {};
  #conditions: readonly StopCondition[] = [];
  /** When timers and signals last had their turn. Not per epoch: epochs may be shorter than the interval. */
  #rested = 0;

  constructor(options: TrainerOptions<Batch>) {
    const { accumulate = 1 } = options;
    if (!Number.isInteger(accumulate) || accumulate < 1) {
      throw new ValueError(`Trainer(): accumulate must be a whole number of at least 1, got ${accumulate}.`);
    }
    const { name, executor, notice } = chooseExecutor(options.executor);
    giveNotice(notice);
    this.executor = name;
    this.#options = options;
    this.#programs = new TrainerPrograms(options, executor);
    abandoned.register(this, this.#programs);
  }

  get history(): History {
    return { steps: this.#steps, evaluations: this.#evaluations };
  }

  /** Steps done. */
  get step(): number {
    return this.#step;
  }

  /** Epochs done. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Loss and metrics over `batches`, in evaluation mode. */
  evaluate(batches: Batches<Batch>, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Evaluation> {
    const { model, metrics } = this.#options;
    return evaluateWith(model, this.#programs.evaluation, batches, {
      ...(metrics === undefined ? {} : { metrics }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** Trains until the epochs are done, a condition holds, the signal is aborted, or the loss is not finite. */
  async fit(batches: TrainingBatches<Batch>, options: FitOptions<Batch> = {}): Promise<FitResult> {
    const { epochs = 1, stop = [] } = options;
    this.#takeConditions(stop);
    const stepsPerEpoch = Math.ceil(batches.length / (this.#options.accumulate ?? 1));
    const position = (): TrainingPosition => ({
      step: this.#step,
      epoch: this.#epoch,
      totalSteps: epochs * stepsPerEpoch,
      stepsPerEpoch,
    });
    const started = performance.now() - this.#seconds * 1000;
    let reason: StopReason | null = null;
    while (reason === null && this.#epoch < epochs) {
      // Evaluation may have gone through the same loader.
      batches.loadStateDict(this.#loader);
      reason = await this.#runEpoch(batches, options, position, started);
    }
    // Leaving a loop within an epoch made the loader end the epoch.
    batches.loadStateDict(this.#loader);
    reason ??= { kind: 'completed', text: `${this.#epoch} of ${epochs} epochs are done` };
    if (this.#best !== null && reason.kind !== 'interrupted') this.#options.model.loadStateDict(this.#best);
    await options.onStop?.(reason, position());
    return { reason, steps: this.#step, epochs: this.#epoch, history: this.history };
  }

  /** A snapshot for a checkpoint. Tensors are copies. */
  state(): TrainerState {
    const { model, optimizer } = this.#options;
    const states = this.#conditions.filter(({ getState }) => getState !== undefined);
    return {
      model: copyOf(model.stateDict()),
      optimizer: optimizer.stateDict(),
      step: this.#step,
      epoch: this.#epoch,
      seconds: this.#seconds,
      loader: this.#loader,
      history: { steps: [...this.#steps], evaluations: [...this.#evaluations] },
      stop: {
        ...this.#stopStates,
        ...Object.fromEntries(states.map((stop) => [stop.name, stop.getState!()])),
      },
      best: this.#best,
      random: defaultGenerator().getState(),
      executor: this.executor,
    };
  }

  /** Puts a snapshot back; the next `fit()` goes on exactly where it was taken. One that does not fit changes nothing. */
  loadState(state: TrainerState): void {
    const { model, optimizer } = this.#options;
    const before = copyOf(model.stateDict());
    model.loadStateDict(state.model);
    try {
      optimizer.loadStateDict(state.optimizer);
    } catch (error) {
      model.loadStateDict(before);
      throw error;
    }
    this.#step = state.step;
    this.#epoch = state.epoch;
    this.#seconds = state.seconds;
    this.#loader = state.loader;
    this.#steps = [...state.history.steps];
    this.#evaluations = [...state.history.evaluations];
    this.#stopStates = state.stop;
    this.#best = state.best;
    defaultGenerator().setState(state.random);
  }

  /** Frees the compiled programs; the trainer compiles again where it goes on. */
  dispose(): void {
    this.#programs.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #takeConditions(conditions: readonly StopCondition[]): void {
    const names = new Set<string>();
    for (const condition of conditions) {
      if (names.has(condition.name)) {
        throw new NadirError(
          `fit(): two stop conditions are named '${condition.name}'. Names must be unique.`,
        );
      }
      names.add(condition.name);
      if (Object.hasOwn(this.#stopStates, condition.name))
        condition.setState?.(this.#stopStates[condition.name] as never);
    }
    this.#conditions = conditions;
  }

  async #runEpoch(
    batches: TrainingBatches<Batch>,
    options: FitOptions<Batch>,
    position: () => TrainingPosition,
    started: number,
  ): Promise<StopReason | null> {
    const { signal, evaluateEvery } = options;
    const { accumulate = 1 } = this.#options;
    let evaluatedAt = -1;
    let taken: Batch[] = [];
    for await (const batch of batches) {
      taken.push(batch);
      const place = batches.stateDict();
      if (taken.length < accumulate && place.batch < batches.length) continue;
      const record = this.#trainStep(taken, started);
      taken = [];
      this.#loader = place;
      if (record === null)
        return { kind: 'diverged', text: `the loss of step ${this.#step + 1} is not finite` };
      await options.onStep?.(record, position());
      let text = this.#firstReason((condition) => condition.afterStep?.(record) ?? null);
      if (evaluateEvery !== undefined && this.#step % evaluateEvery === 0) {
        text = (await this.#evaluateNow(options, position, started)) ?? text;
        evaluatedAt = this.#step;
      }
      if (text !== null) return { kind: 'condition', text };
      if (signal?.aborted === true) return { kind: 'interrupted', text: 'training was interrupted' };
      if (performance.now() - this.#rested > 50) {
        await breathe();
        this.#rested = performance.now();
      }
    }
    this.#epoch++;
    this.#loader = batches.stateDict();
    if (this.#options.lrStep === 'epoch') this.#options.optimizer.lrStep();
    const text = evaluatedAt === this.#step ? null : await this.#evaluateNow(options, position, started);
    await options.onEpochEnd?.(position());
    return text === null ? null : { kind: 'condition', text };
  }

  /** One step; null where the loss is not finite, with everything as it was. */
  #trainStep(batches: readonly Batch[], started: number): StepRecord | null {
    const { optimizer, clipNorm, lrStep = 'step' } = this.#options;
    const needsNorm =
      clipNorm !== undefined || this.#conditions.some(({ needsGradientNorm }) => needsGradientNorm === true);
    const lr = optimizer.paramGroups[0]!.lr;
    const { loss, gradientNorm } = this.#programs.step(batches, needsNorm);
    if (!Number.isFinite(loss)) return null;
    if (lrStep === 'step') optimizer.lrStep();
    this.#step++;
    this.#seconds = (performance.now() - started) / 1000;
    const record: StepRecord = {
      step: this.#step,
      epoch: this.#epoch,
      loss,
      lr,
      ...(gradientNorm === null ? {} : { gradientNorm }),
      batchSize: batches.reduce((sum, batch) => sum + batchSizeOf(batch), 0),
      seconds: this.#seconds,
    };
    this.#steps.push(record);
    return record;
  }

  async #evaluateNow(
    { validation, onEvaluation, onEvaluationStart }: FitOptions<Batch>,
    position: () => TrainingPosition,
    started: number,
  ): Promise<string | null> {
    if (validation === undefined) return null;
    await onEvaluationStart?.(position());
    const result = await this.evaluate(validation);
    this.#seconds = (performance.now() - started) / 1000;
    const record: EvaluationRecord = {
      step: this.#step,
      epoch: this.#epoch,
      seconds: this.#seconds,
      ...result,
    };
    this.#evaluations.push(record);
    const text = this.#firstReason((condition) => condition.afterEvaluation?.(record) ?? null);
    if (this.#conditions.some((condition) => condition.restoresBest === true && condition.isBest === true)) {
      this.#best = copyOf(this.#options.model.stateDict());
    }
    await onEvaluation?.(record, position());
    return text;
  }

  /** Asks every condition, since each keeps count; the first reason counts. */
  #firstReason(ask: (condition: StopCondition) => string | null): string | null {
    return this.#conditions.map(ask).find((text) => text !== null) ?? null;
  }
}

function copyOf(state: StateDict): StateDict {
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, value.clone()]));
}
