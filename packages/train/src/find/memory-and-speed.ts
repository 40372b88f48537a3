import type { TrainingBatches } from '../trainer.ts';

/** What a batch size costs on this machine. */
export interface BatchCost {
  readonly batchSize: number;
  /** Median of some steps. */
  readonly stepMs: number;
  readonly itemsPerSecond: number;
  /** Bytes that the process has come to hold by steps of this size; null where nobody can say. */
  readonly memoryBytes: number | null;
}

/** Why a batch size was not measured. */
export interface Misfit {
  readonly batchSize: number;
  readonly reason: string;
}

interface NodeProcess {
  readonly memoryUsage?: { rss(): number };
}

/** Bytes that the process holds, or null in a browser. */
function residentBytes(): number | null {
  const { process } = globalThis as { readonly process?: NodeProcess };
  return process?.memoryUsage?.rss() ?? null;
}

const isOutOfMemory = (error: unknown): boolean =>
  error instanceof Error &&
  /out of memory|allocation failed|Invalid (typed )?array length|4 GiB/i.test(error.message);

/** Timed steps of one size: at least so many, and for so long. */
const fewestSteps = 5;
const leastMs = 150;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** What is asked for, of {@link measureBatchCosts}. */
export interface CostOptions<Batch> {
  /** Ascending. */
  readonly sizes: readonly number[];
  readonly batches: (batchSize: number) => TrainingBatches<Batch>;
  readonly step: (batch: Batch) => void;
  /** Forgets the programs of the size before. */
  readonly reset: () => void;
  /** Bytes that the process may hold; null: no bound but the machine's. */
  readonly memoryLimit: number | null;
  readonly onSize?: (cost: BatchCost) => void | Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

async function firstBatch<Batch>(batches: TrainingBatches<Batch>): Promise<Batch | null> {
  for await (const batch of batches) return batch;
  return null;
}

/** What steps of a size would hold, by the growth between the last two. */
function expectedBytes(costs: readonly BatchCost[], batchSize: number): number | null {
  const [before, last] = [costs.at(-2), costs.at(-1)];
  const [from, to] = [before?.memoryBytes ?? null, last?.memoryBytes ?? null];
  if (before === undefined || last === undefined || from === null || to === null) return null;
  const growth = Math.max(0, to - from) / (last.batchSize - before.batchSize);
  return to + growth * (batchSize - last.batchSize);
}

/**
 * Takes steps of growing batch sizes and measures their time and what the process holds. Ends at the first size that does
 * not fit: steps run out of memory, the limit is passed, or it would be by the growth from the size before.
 */
export async function measureBatchCosts<Batch>(
  options: CostOptions<Batch>,
): Promise<{ readonly costs: readonly BatchCost[]; readonly misfit: Misfit | null }> {
  const { sizes, memoryLimit, signal } = options;
  const costs: BatchCost[] = [];
  for (const batchSize of sizes) {
    signal?.throwIfAborted();
    const expected = expectedBytes(costs, batchSize);
    if (memoryLimit !== null && expected !== null && expected > memoryLimit) {
      const reason = `by its growth so far it would hold ${megabytes(expected)}, more than ${megabytes(memoryLimit)}`;
      return { costs, misfit: { batchSize, reason } };
    }
    options.reset();
    try {
      const batch = await firstBatch(options.batches(batchSize));
      if (batch === null)
        return { costs, misfit: { batchSize, reason: 'the data make no batch of this size' } };
      options.step(batch);
      options.step(batch);
      const times: number[] = [];
      for (let spent = 0; times.length < fewestSteps || spent < leastMs; spent += times.at(-1)!) {
        const start = performance.now();
        options.step(batch);
        times.push(performance.now() - start);
      }
      const stepMs = median(times);
      const memoryBytes = residentBytes();
      const cost = { batchSize, stepMs, itemsPerSecond: (1000 * batchSize) / stepMs, memoryBytes };
      if (memoryLimit !== null && memoryBytes !== null && memoryBytes > memoryLimit) {
        const reason = `it holds ${megabytes(memoryBytes)}, more than ${megabytes(memoryLimit)}`;
        return { costs, misfit: { batchSize, reason } };
      }
      costs.push(cost);
      await options.onSize?.(cost);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      return { costs, misfit: { batchSize, reason: (error as Error).message } };
    }
  }
  return { costs, misfit: null };
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20).toLocaleString('en')} MiB`;
}
