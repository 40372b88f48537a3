import { GradientError, guard, isRecording } from '@nadir/tensor';
import type { SavedTensor } from './saved-tensor.ts';
import type { TapeHistory } from './history.ts';

/** The histories that a computation meets, with a tensor of each where one is known. */
export type Collector = Map<TapeHistory, SavedTensor | null>;

let enabled = true;
// True where the mode was chosen while a program is recorded: then it is part of the program, not a condition of its use.
let isProgramsOwn = false;
// Not null while `checkpoint()` runs its function for the first time: operands are noted and nothing is recorded.
let collector: Collector | null = null;

// One function for all operations of a program: it is one guard.
const readEnabled = (): boolean => enabled;

/**
 * Whether operations on tensors that require gradients are recorded. True outside `noGrad()`.
 *
 * @example
 * ```ts
 * import { isGradEnabled, noGrad } from '@nadir/autograd';
 * noGrad(() => isGradEnabled()); // => false
 * ```
 */
export function isGradEnabled(): boolean {
  return isProgramsOwn ? enabled : guard('gradient mode', readEnabled);
}

/** Where operands are to be noted instead of recorded, or null. */
export function activeCollector(): Collector | null {
  return collector;
}

/** Runs `body` in a mode. */
export function inMode<T>(
  op: string,
  nextEnabled: boolean,
  nextCollector: Collector | null,
  body: () => T,
): T {
  const previousEnabled = enabled;
  const previousCollector = collector;
  const previousOwn = isProgramsOwn;
  enabled = nextEnabled;
  collector = nextCollector;
  isProgramsOwn = isRecording();
  let result: T;
  try {
    result = body();
  } finally {
    enabled = previousEnabled;
    collector = previousCollector;
    isProgramsOwn = previousOwn;
  }
  // The rest of an asynchronous body would run in the mode of whoever happens to be running then.
  if (result instanceof Promise) {
    result.catch(() => {});
    throw new GradientError(
      `${op}(): the function must not be async, got one that returned a Promise. Wrap only the synchronous part.`,
    );
  }
  return result;
}

/**
 * Runs `body` without recording: results have no history, and no memory is kept for a backward pass.
 *
 * @throws GradientError if `body` is async
 * @example
 * ```ts
 * import { noGrad, parameter } from '@nadir/autograd';
 * const w = parameter([1, 2]);
 * noGrad(() => w.mul(2)).requiresGrad; // => false
 * ```
 */
export function noGrad<T>(body: () => T): T {
  return inMode('noGrad', false, collector, body);
}

/**
 * Runs `body` with recording, inside `noGrad()` too.
 *
 * @throws GradientError if `body` is async
 * @example
 * ```ts
 * import { enableGrad, noGrad, parameter } from '@nadir/autograd';
 * const w = parameter([1, 2]);
 * noGrad(() => enableGrad(() => w.mul(2))).requiresGrad; // => true
 * ```
 */
export function enableGrad<T>(body: () => T): T {
  return inMode('enableGrad', true, collector, body);
}
