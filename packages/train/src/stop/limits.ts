import { ValueError } from '@nadir/tensor';
import type { StopCondition } from './stop-condition.ts';

function checkPositive(op: string, value: number): void {
  if (!(value > 0)) throw new ValueError(`${op}(): needs a number above 0, got ${value}.`);
}

/** Stops after `count` steps. */
export function maxSteps(count: number): StopCondition {
  checkPositive('maxSteps', count);
  return { name: 'maxSteps', afterStep: ({ step }) => (step >= count ? `${count} steps are done` : null) };
}

/** Stops at the first step after `seconds` of training. */
export function timeLimit(seconds: number): StopCondition {
  checkPositive('timeLimit', seconds);
  return {
    name: 'timeLimit',
    afterStep: (record) => (record.seconds >= seconds ? `${seconds} s are over` : null),
  };
}

/** Stops when the 2-norm of all gradients falls below `tolerance`: the parameters are near a stationary point. */
export function gradientNormBelow(tolerance: number): StopCondition {
  checkPositive('gradientNormBelow', tolerance);
  return {
    name: 'gradientNormBelow',
    needsGradientNorm: true,
    afterStep: ({ gradientNorm }) =>
      gradientNorm !== undefined && gradientNorm < tolerance
        ? `the gradient norm ${gradientNorm.toPrecision(3)} is below ${tolerance}`
        : null,
  };
}
