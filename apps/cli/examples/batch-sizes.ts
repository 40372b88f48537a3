// The text's fourth program (4.4), made whole: linear regression at batch sizes 1, 8, 32 and 100.
import { DataLoader, TensorDataset } from '@nadir/data';
import { Linear, mseLoss } from '@nadir/nn';
import { SGD } from '@nadir/optimizers';
import { manualSeed, randn } from '@nadir/tensor';

/** The line that the points were made from. */
export const truth = { slope: 2, intercept: -1 } as const;

/** What training at one batch size came to. */
export interface BatchSizeResult {
  readonly batchSize: number;
  readonly steps: number;
  readonly slope: number;
  readonly intercept: number;
  /** Mean squared error over all points. */
  readonly loss: number;
  readonly milliseconds: number;
}

/** Trains a line through the same 100 noisy points, for the same number of passes, at each batch size. */
export function compareBatchSizes(
  epochs = 20,
  batchSizes: readonly number[] = [1, 8, 32, 100],
): BatchSizeResult[] {
  manualSeed(1);
  const x = randn([100, 1]);
  const y = x
    .mul(truth.slope)
    .add(truth.intercept)
    .add(randn([100, 1]).mul(0.1));
  const points = new TensorDataset(x, y);

  return batchSizes.map((batchSize) => {
    manualSeed(2);
    const model = new Linear(1, 1);
    const optimizer = new SGD(model.parameters(), { lr: 0.05 });
    const loader = new DataLoader(points, { batchSize, shuffle: true, seed: 3 });
    let steps = 0;
    const started = performance.now();
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (const [inputs, targets] of loader) {
        optimizer.zeroGrad();
        mseLoss(model(inputs), targets).backward();
        optimizer.step();
        steps++;
      }
    }
    const milliseconds = performance.now() - started;
    return {
      batchSize,
      steps,
      slope: model.weight.item(),
      intercept: model.bias!.item(),
      loss: mseLoss(model(x), y).item(),
      milliseconds,
    };
  });
}

/** What the results say about speed and quality, in words. */
export function tradeOff(results: readonly BatchSizeResult[]): string {
  const fastest = results.reduce((a, b) => (a.milliseconds < b.milliseconds ? a : b));
  const best = results.reduce((a, b) => (a.loss < b.loss ? a : b));
  const slower = (best.milliseconds / fastest.milliseconds).toFixed(1);
  return best === fastest
    ? `Batch size ${best.batchSize} is both the fastest and the closest here.`
    : `Batch size ${fastest.batchSize} is the fastest: few, large steps. Batch size ${best.batchSize} ends closest to the points ` +
        `(loss ${best.loss.toFixed(4)} against ${fastest.loss.toFixed(4)}) and takes ${slower} times as long:\n` +
        'the same passes over the data make more steps with smaller batches, each of them noisier.';
}

if (import.meta.main) {
  compareBatchSizes(2);
  const results = compareBatchSizes();
  console.log(
    `truth      slope ${truth.slope.toFixed(4)}  intercept ${truth.intercept.toFixed(4)}  noise 0.1, so a loss of about 0.01 is the best there is\n`,
  );
  for (const { batchSize, steps, slope, intercept, loss, milliseconds } of results) {
    console.log(
      `batch ${String(batchSize).padStart(3)}  slope ${slope.toFixed(4)}  intercept ${intercept.toFixed(4)}  ` +
        `loss ${loss.toFixed(4)}  ${String(steps).padStart(4)} steps  ${milliseconds.toFixed(1).padStart(6)} ms`,
    );
  }
  console.log(`\n${tradeOff(results)}`);
}
