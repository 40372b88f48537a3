import { logSoftmax, manualSeed, randint, randn, takeAlongAxis, type Tensor } from '@nadir/tensor';
import { noGrad, parameter } from '../src/index.ts';

/** A step of stochastic gradient descent of a 784-128-10 network on random data of `batch` rows; returns the loss. */
export function trainingStep(batch: number): () => Tensor {
  manualSeed(0);
  const weights = [
    parameter(randn([784, 128]).mul(0.03)),
    parameter(randn([128]).mul(0)),
    parameter(randn([128, 10]).mul(0.09)),
    parameter(randn([10]).mul(0)),
  ] as const;
  const [w1, b1, w2, b2] = weights;
  const x = randn([batch, 784]);
  const classes = randint(0, 10, [batch, 1]);
  return () => {
    for (const w of weights) w.grad = null;
    const logits = x.matmul(w1).add(b1).relu().matmul(w2).add(b2);
    const loss = takeAlongAxis(logSoftmax(logits, 1), classes, 1).mean().neg();
    loss.backward();
    noGrad(() => {
      for (const w of weights) w.assign(w.sub(w.grad!.mul(0.01)));
    });
    return loss;
  };
}
