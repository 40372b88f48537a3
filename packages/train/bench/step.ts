import { crossEntropy, Linear, ReLU, Sequential } from '@nadir/nn';
import { Adam, SGD } from '@nadir/optimizers';
import { rand, randint } from '@nadir/tensor';

/** Median milliseconds of an eager training step of a 784-128-10 classifier, by part. */
function measure(name: string, batchSize: number, make: (model: Sequential) => SGD | Adam): void {
  const model = new Sequential(new Linear(784, 128), new ReLU(), new Linear(128, 10));
  const optimizer = make(model);
  const x = rand([batchSize, 784]);
  const y = randint(0, 10, [batchSize]);
  const parts: number[][] = [[], [], [], []];
  for (let step = 0; step < 400; step++) {
    const start = performance.now();
    optimizer.zeroGrad();
    const loss = crossEntropy(model(x), y);
    const forward = performance.now();
    loss.backward();
    const backward = performance.now();
    optimizer.step();
    loss.item();
    const end = performance.now();
    if (step < 100) continue;
    for (const [i, ms] of [end - start, forward - start, backward - forward, end - backward].entries())
      parts[i]!.push(ms);
  }
  const [total, ...rest] = parts.map((values) =>
    values.sort((a, b) => a - b)[values.length >> 1]!.toFixed(2),
  );
  console.log(
    `${name} batch ${batchSize}: ${total} ms a step (forward, backward, update: ${rest.join(', ')})`,
  );
}

for (const batchSize of [64, 512]) {
  measure('SGD', batchSize, (model) => new SGD(model.parameters(), { lr: 0.01 }));
  measure('SGD momentum', batchSize, (model) => new SGD(model.parameters(), { lr: 0.01, momentum: 0.9 }));
  measure('Adam', batchSize, (model) => new Adam(model.parameters(), { lr: 1e-3 }));
}
