import { apply } from '../dispatch.ts';
import { NadirError } from '../errors.ts';
import type { PrimitiveAttributes, PrimitiveName } from '../primitives.ts';
import type { Executor } from '../program/executor.ts';
import { record } from '../program/recording.ts';
import { assertAllClose } from './all-close.ts';
import { primitiveSamples, type Sample, type SampleTable } from './samples.ts';

function compare<P extends PrimitiveName>(
  executor: Executor,
  name: P,
  sample: Sample<PrimitiveAttributes[P]>,
): void {
  const { inputs, attributes } = sample;
  const expected = apply(name, inputs, attributes);
  const { program, state } = record(inputs, (...args) => [
    apply(name, args, attributes as PrimitiveAttributes[P]),
  ]);
  const loaded = executor.load(program);
  try {
    const [actual] = loaded.run(inputs, state);
    if (actual === undefined)
      throw new NadirError(`testExecutor(): ${executor.name} returned nothing for ${name}.`);
    assertAllClose(actual, expected);
  } finally {
    loaded.dispose();
  }
}

/**
 * The whole test of an executor: every primitive on every sample, in float32 and float64, as a program of one node,
 * against immediate execution. `test` is the `it` of a test runner.
 */
export function testExecutor(executor: Executor, test: (name: string, run: () => void) => void): void {
  for (const name of Object.keys(primitiveSamples) as PrimitiveName[]) {
    for (const dtype of ['float32', 'float64'] as const) {
      for (const sample of samplesOf(name, dtype)) {
        test(`${executor.name}: ${name} ${dtype} ${sample.name}`, () => compare(executor, name, sample));
      }
    }
  }
}

function samplesOf<P extends PrimitiveName>(
  name: P,
  dtype: 'float32' | 'float64',
): readonly Sample<PrimitiveAttributes[P]>[] {
  return (primitiveSamples as SampleTable)[name](dtype) as readonly Sample<PrimitiveAttributes[P]>[];
}
