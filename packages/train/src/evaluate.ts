import { noGrad } from '@nadir/autograd';
import { Tensor } from '@nadir/tensor';
import type { Metric } from './metrics/metric.ts';

/** The loss of one batch, and the outputs that metrics look at. */
export interface Forward {
  /** Mean loss of the items, a scalar. */
  readonly loss: Tensor;
  readonly output?: Tensor;
}

/** Computes the loss of a batch. */
export type ForwardFunction<Batch> = (batch: Batch) => Tensor | Forward;

/** Batches that can be gone through several times. */
export type Batches<Batch> = Iterable<Batch> | AsyncIterable<Batch>;

/** What `evaluate()` returns. */
export interface Evaluation {
  /** Mean loss per item. */
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** A model as far as training needs it. */
export interface TrainableModel {
  readonly training: boolean;
  train(mode?: boolean): unknown;
}

export function asForward(result: Tensor | Forward): Forward {
  return result instanceof Tensor ? { loss: result } : result;
}

/** Items in a batch: the first axis of the first tensor in it, 1 where there is none. */
export function batchSizeOf(batch: unknown): number {
  if (batch instanceof Tensor) return batch.shape[0] ?? 1;
  if (typeof batch === 'object' && batch !== null) {
    for (const value of Object.values(batch)) if (value instanceof Tensor) return value.shape[0] ?? 1;
  }
  return 1;
}

/** Options of {@link evaluate}. */
export interface EvaluateOptions<Batch> {
  readonly metrics?: Readonly<Record<string, Metric<Batch>>>;
  /** Ends the pass early by throwing its reason. */
  readonly signal?: AbortSignal;
}

// A timer waits for a millisecond at least; Node has something that does not.
const soon: (run: () => void) => unknown =
  (globalThis as { readonly setImmediate?: (run: () => void) => unknown }).setImmediate ?? setTimeout;

/** A macrotask, so that timers, signals and the terminal get their turn. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => soon(resolve));
}

/**
 * Mean loss per item and metrics of a model over `batches`, in evaluation mode and without gradients; the mode is put
 * back afterwards.
 */
export function evaluate<Batch>(
  model: TrainableModel,
  forward: ForwardFunction<Batch>,
  batches: Batches<Batch>,
  options: EvaluateOptions<Batch> = {},
): Promise<Evaluation> {
  return evaluateWith(model, (batch) => noGrad(() => asForward(forward(batch))), batches, options);
}

/** `evaluate()` with something that runs a whole batch without gradients. */
export async function evaluateWith<Batch>(
  model: TrainableModel,
  run: (batch: Batch) => Forward,
  batches: Batches<Batch>,
  { metrics = {}, signal }: EvaluateOptions<Batch>,
): Promise<Evaluation> {
  const training = model.training;
  model.train(false);
  for (const metric of Object.values(metrics)) metric.reset();
  let total = 0;
  let items = 0;
  let rested = performance.now();
  try {
    for await (const batch of batches) {
      signal?.throwIfAborted();
      const { loss, output } = run(batch);
      const size = batchSizeOf(batch);
      total += loss.item() * size;
      items += size;
      if (output !== undefined) for (const metric of Object.values(metrics)) metric.update(output, batch);
      if (performance.now() - rested > 50) {
        await breathe();
        rested = performance.now();
      }
    }
  } finally {
    model.train(training);
  }
  const values = Object.entries(metrics).map(([name, metric]) => [name, metric.compute()] as const);
  return { loss: total / items, metrics: Object.fromEntries(values) };
}
