// The text's second program (4.2): a learning rate that decays exponentially, by optimizer.lrStep() after each step.
import { parameter } from '@nadir/autograd';
import { mseLoss } from '@nadir/nn';
import { SGD } from '@nadir/optimizers';
import { exponentialDecay, type ScheduleInput } from '@nadir/schedulers';
import { tensor } from '@nadir/tensor';

/** Learns θ of θ·x = y for x = 1 and y = 2, from θ = 0. */
export function exponentialDecayDescent(lrSchedule: ScheduleInput = 'exponential', steps = 1000): number {
  const theta = parameter(tensor([0]));
  const x = tensor([1]);
  const y = tensor([2]);
  const optimizer = new SGD([theta], { lr: 0.1, lrSchedule });

  for (let i = 0; i < steps; i++) {
    optimizer.zeroGrad();
    const prediction = theta.mul(x);
    const loss = mseLoss(prediction, y);
    loss.backward();
    optimizer.step();
    optimizer.lrStep();
  }
  return theta.item();
}

/**
 * Where γ lets θ get to, without training: a step with rate lr multiplies what is missing by 1 − 2·lr. The rates add up
 * to no more than lr / (1 − γ), so a small γ stops the parameter while it is still on its way.
 */
export function reachable(gamma: number, steps = 1000): number {
  let missing = 2;
  for (let i = 0; i < steps; i++) missing *= 1 - 2 * 0.1 * gamma ** i;
  return 2 - missing;
}

if (import.meta.main) {
  console.log(`'exponential' (γ = 0.99)  θ = ${exponentialDecayDescent()}`);
  const stalled = exponentialDecayDescent(exponentialDecay({ gamma: 0.95 }));
  console.log(`γ = 0.95                 θ = ${stalled}`);
  console.log(
    `\nWhy γ = 0.95 stalls: all its rates together are ${(0.1 / (1 - 0.95)).toFixed(1)}, against ${(0.1 / (1 - 0.99)).toFixed(1)} with γ = 0.99.`,
  );
  console.log(
    `The closed form says θ = ${reachable(0.95).toFixed(3)} after 1,000 steps, and no later step moves it.`,
  );
}
