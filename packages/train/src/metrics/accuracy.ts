import type { Tensor } from '@nadir/tensor';
import type { Metric } from './metric.ts';

/** The usual batch of a classifier: inputs `[N, …]` and class indices `[N]`. */
export type LabelledBatch = readonly [inputs: Tensor, labels: Tensor];

/** The share of items whose greatest logit along axis 1 is at the label, in [0, 1]. */
export function accuracy<Batch = LabelledBatch>(
  labelsOf: (batch: Batch) => Tensor = (batch) => (batch as LabelledBatch)[1],
): Metric<Batch> {
  return topKAccuracy(1, labelsOf);
}

/** The share of items whose label is among the `k` greatest logits along axis 1, in [0, 1]. */
export function topKAccuracy<Batch = LabelledBatch>(
  k: number,
  labelsOf: (batch: Batch) => Tensor = (batch) => (batch as LabelledBatch)[1],
): Metric<Batch> {
  let right = 0;
  let seen = 0;
  return {
    reset() {
      right = seen = 0;
    },
    update(output, batch) {
      const labels = labelsOf(batch);
      const best = k === 1 ? output.argmax(1, { keepDims: true }) : output.topk(k, 1).indices;
      right += best.eq(labels.unsqueeze(1)).cast('int32').sum().item();
      seen += labels.size;
    },
    compute: () => right / seen,
  };
}
