// The text's first program (4.1): gradient descent on one parameter. PyTorch prints 1.9999970197677612.
import { parameter } from '@nadir/autograd';
import { mseLoss } from '@nadir/nn';
import { SGD } from '@nadir/optimizers';
import { tensor } from '@nadir/tensor';

/** Learns θ of θ·x = y for x = 1 and y = 2, from θ = 0. */
export function gradientDescent(steps = 1000): number {
  const theta = parameter(tensor([0]));
  const x = tensor([1]);
  const y = tensor([2]);
  const optimizer = new SGD([theta], { lr: 0.01 });

  for (let i = 0; i < steps; i++) {
    optimizer.zeroGrad();
    const prediction = theta.mul(x);
    const loss = mseLoss(prediction, y);
    loss.backward();
    optimizer.step();
  }
  return theta.item();
}

if (import.meta.main) console.log(gradientDescent());
