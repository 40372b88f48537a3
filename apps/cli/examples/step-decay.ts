// The text's third program (4.3): a learning rate that drops in steps, by optimizer.lrStep() at every hundredth step.
import { parameter } from '@nadir/autograd';
import { mseLoss } from '@nadir/nn';
import { SGD } from '@nadir/optimizers';
import { stepDecay, type ScheduleInput } from '@nadir/schedulers';
import { tensor } from '@nadir/tensor';

/** Learns θ of θ·x = y for x = 1 and y = 2, from θ = 0. */
export function stepDecayDescent(lrSchedule: ScheduleInput = 'step', steps = 1000): number {
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
    // At i = 0 too, as in the text: the full rate lasts for one step only.
    if (i % 100 === 0) optimizer.lrStep();
  }
  return theta.item();
}

/**
 * Where γ lets θ get to, without training: a step with rate lr multiplies what is missing by 1 − 2·lr. The first step
 * has rate 0.1, the next hundred 0.1·γ, the hundred after them 0.1·γ², …
 */
export function reachable(gamma: number, steps = 1000): number {
  let missing = 2;
  for (let i = 0; i < steps; i++) missing *= 1 - 2 * 0.1 * gamma ** Math.ceil(i / 100);
  return 2 - missing;
}

if (import.meta.main) {
  console.log(`'step' (γ = 0.5)  θ = ${stepDecayDescent()}`);
  const stalled = stepDecayDescent(stepDecay({ gamma: 0.1 }));
  console.log(`γ = 0.1           θ = ${stalled}`);
  const sum = (gamma: number): string => (0.1 + (100 * 0.1 * gamma) / (1 - gamma)).toFixed(1);
  console.log(
    `\nWhy γ = 0.1 stalls: all its rates together are ${sum(0.1)}, against ${sum(0.5)} with γ = 0.5.`,
  );
  console.log(
    `The closed form says θ = ${reachable(0.1).toFixed(3)} after 1,000 steps, and later steps hardly move it.`,
  );
}
