import { compile } from '@nadir/compiler';
import { clipGradNorm, type StateDict } from '@nadir/nn';
import { defaultGenerator, ProgramError, tensor, type Executor, type Tensor } from '@nadir/tensor';
import { asForward, batchSizeOf, type ForwardFunction, type TrainableModel } from './evaluate.ts';

/** The model of a trainer: its state is saved and put back. */
export interface TrainerModel extends TrainableModel {
  parameters(): Tensor[];
  stateDict(): StateDict;
  loadStateDict(state: StateDict): unknown;
}

/** What a step works with. */
export interface StepParts<Batch> {
  readonly model: TrainerModel;
  readonly optimizer: { zeroGrad(): void; step(): void };
  readonly forward: ForwardFunction<Batch>;
  /** Scale gradients to at most this joint 2-norm; undefined: leave them. */
  readonly clipNorm: number | undefined;
}

/** What a step came to. Where the loss is not finite, it has changed nothing. */
export interface StepResult {
  /** Mean over the items of all batches, before the update. */
  readonly loss: number;
  /** Before clipping; null where nobody asked. */
  readonly gradientNorm: number | null;
}

/** Which batch of a step it is. Numbers and flags are part of a compiled program, tensors are its data. */
interface Place {
  /** Its share of the items of the step; null: all of them. */
  readonly share: Tensor | null;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly needsNorm: boolean;
}

/** What one batch of a step gives, as scalars. */
interface Part {
  readonly loss: Tensor;
  readonly norm: Tensor | null;
}

/** The part of the loop that one batch goes through; `goesOn` may end it before the backward pass. */
function takePart<Batch>(
  { model, optimizer, forward, clipNorm }: StepParts<Batch>,
  batch: Batch,
  { share, isFirst, isLast, needsNorm }: Place,
  goesOn: (loss: Tensor) => boolean,
): Part {
  if (isFirst) optimizer.zeroGrad();
  const { loss } = asForward(forward(batch));
  if (!goesOn(loss)) return { loss, norm: null };
  (share === null ? loss : loss.mul(share.cast(loss.dtype))).backward();
  const own = loss.detach().reshape([]);
  if (!isLast) return { loss: own, norm: null };
  const norm = needsNorm ? clipGradNorm(model.parameters(), clipNorm ?? Infinity) : null;
  optimizer.step();
  return { loss: own, norm };
}

/** What a forward pass in training mode changes beside gradients, buffers and random numbers; the result puts it back. */
function rememberForward(model: TrainerModel): () => void {
  const trained = new Set(model.parameters().map(({ storage }) => storage));
  const buffers = Object.values(model.stateDict()).filter(({ storage }) => !trained.has(storage));
  const kept = buffers.map((buffer) => buffer.clone());
  const random = defaultGenerator().getState();
  return () => {
    for (const [index, buffer] of buffers.entries()) buffer.assign(kept[index]!);
    defaultGenerator().setState(random);
  };
}

/** What went wrong in a compiled step, with the way out that a trainer has. */
export function withoutCompiling(error: unknown): unknown {
  if (!(error instanceof ProgramError)) return error;
  return new ProgramError(
    `${error.message} A Trainer with { executor: 'eager' } does not compile its steps.`,
    {
      cause: error,
    },
  );
}

/**
 * One step of training as a function of its batches, compiled or as it is written. The batches of one step count as one
 * batch of all their items: each adds its share to the gradients, and the last one updates the parameters.
 */
export class TrainingStep<Batch> {
  readonly #parts: StepParts<Batch>;
  readonly #take: (batch: Batch, place: Place) => Part;
  readonly #isCompiled: boolean;
  /** Frees the programs of a compiled step. */
  readonly dispose: () => void;

  constructor(parts: StepParts<Batch>, executor: Executor | null, keepGrads: boolean) {
    this.#parts = parts;
    this.#isCompiled = executor !== null;
    if (executor === null) {
      this.#take = (batch, place) => takePart(parts, batch, place, (loss) => Number.isFinite(loss.item()));
      this.dispose = () => {};
      return;
    }
    const step = compile((batch: Batch, place: Place) => takePart(parts, batch, place, () => true), {
      executor,
      keepGrads,
      commitIf: ({ loss }) => loss.isFinite(),
    });
    this.#take = (batch, place) => {
      try {
        return step(batch, place);
      } catch (error) {
        throw withoutCompiling(error);
      }
    };
    this.dispose = step.dispose;
  }

  /** Takes the step. Where a loss is not finite, everything is as before. */
  run(batches: readonly Batch[], needsNorm: boolean): StepResult {
    const { model, optimizer } = this.#parts;
    model.train();
    // A compiled part takes back what it did itself, but not what the parts before it did.
    const undo = this.#isCompiled && batches.length === 1 ? null : rememberForward(model);
    const sizes = batches.map(batchSizeOf);
    const items = sizes.reduce((sum, size) => sum + size, 0);
    let mean = 0;
    let gradientNorm: number | null = null;
    for (const [index, batch] of batches.entries()) {
      const isLast = index === batches.length - 1;
      const share = batches.length === 1 ? 1 : sizes[index]! / items;
      const { loss, norm } = this.#take(batch, {
        share: batches.length === 1 ? null : tensor(share, { dtype: 'float64' }),
        isFirst: index === 0,
        isLast,
        needsNorm: isLast && needsNorm,
      });
      const value = loss.item();
      if (!Number.isFinite(value)) {
        undo?.();
        if (index > 0) optimizer.zeroGrad();
        return { loss: value, gradientNorm: null };
      }
      mean += value * share;
      gradientNorm = norm === null ? null : norm.item();
    }
    return { loss: mean, gradientNorm };
  }
}
