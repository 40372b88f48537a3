import type { Sampler } from './sampler.ts';

/** 0, 1, …, size − 1 in every epoch. */
export function sequentialSampler(size: number): Sampler {
  return { size, indices: () => Int32Array.from({ length: size }, (_, index) => index) };
}
