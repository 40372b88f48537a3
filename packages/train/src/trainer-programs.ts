import { noGrad } from '@nadir/autograd';
import { compile, type CompiledFunction } from '@nadir/compiler';
import type { Executor } from '@nadir/tensor';
import { asForward, type Forward } from './evaluate.ts';
import { TrainingStep, withoutCompiling, type StepParts, type StepResult } from './training-step.ts';

/** What of a trainer's options decides what it computes. */
interface ProgramOptions<Batch> extends Omit<StepParts<Batch>, 'clipNorm'> {
  readonly clipNorm?: number;
  readonly metrics?: Readonly<Record<string, unknown>>;
  readonly keepGrads?: boolean;
}

/** What a trainer computes, its step and its evaluation of a batch: compiled when it is first needed, until disposed. */
export class TrainerPrograms<Batch> {
  readonly #options: ProgramOptions<Batch>;
  readonly #executor: Executor | null;
  #step: TrainingStep<Batch> | null = null;
  #evaluation: CompiledFunction<[Batch], Forward> | null = null;

  /** @param executor null: nothing is compiled */
  constructor(options: ProgramOptions<Batch>, executor: Executor | null) {
    this.#options = options;
    this.#executor = executor;
  }

  /** Takes a step on batches that count as one. */
  step(batches: readonly Batch[], needsNorm: boolean): StepResult {
    const { clipNorm, keepGrads = false } = this.#options;
    this.#step ??= new TrainingStep({ ...this.#options, clipNorm }, this.#executor, keepGrads);
    return this.#step.run(batches, needsNorm);
  }

  /** Loss of a batch, without gradients, and its outputs where there are metrics. */
  readonly evaluation = (batch: Batch): Forward => {
    if (this.#executor === null) return this.#forward(batch);
    this.#evaluation ??= compile((batch: Batch) => this.#forward(batch), { executor: this.#executor });
    try {
      return this.#evaluation(batch);
    } catch (error) {
      throw withoutCompiling(error);
    }
  };

  dispose(): void {
    this.#step?.dispose();
    this.#evaluation?.dispose();
    this.#step = this.#evaluation = null;
  }

  #forward(batch: Batch): Forward {
    const { forward, metrics = {} } = this.#options;
    const { loss, output } = noGrad(() => asForward(forward(batch)));
    // What nobody looks at need not leave the program.
    return output === undefined || Object.keys(metrics).length === 0 ? { loss } : { loss, output };
  }
}
