import { expect, it } from 'vitest';
import { features } from '../src/index.ts';

it('probes once and answers for this engine', () => {
  // Development runs on Node 24, which has them all.
  expect(features()).toEqual({
    simd: true,
    relaxedSimd: true,
    // Whatever the processor has.
    fusedMultiplyAdd: expect.any(Boolean),
    threads: true,
    bulkMemory: true,
  });
  expect(features()).toBe(features());
  expect(Object.isFrozen(features())).toBe(true);
});
