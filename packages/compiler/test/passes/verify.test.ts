import { record, tensor, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import type { KernelProgram, MapKernel } from '../../src/kernel.ts';
import { simplify } from '../../src/index.ts';
import { fuse } from '../../src/passes/fuse.ts';
import { group } from '../../src/passes/group.ts';
import { plan, type PlannedProgram } from '../../src/passes/plan.ts';
import { verifyKernels, verifyPlan } from '../../src/passes/verify.ts';

function kernels(body: (x: Tensor) => Tensor[]): KernelProgram {
  const { program } = record([{ shape: [8, 8], dtype: 'float32' }], (x) => body(x!));
  return group(fuse(simplify(program)));
}

const planned = (program: KernelProgram): PlannedProgram => plan(program, () => false);

describe('verifyKernels', () => {
  const program = kernels((x) => [x.sum(0), x.matmul(x).exp().sum(1)]);

  it('accepts what the passes make', () => {
    expect(() => verifyKernels('fuse', program)).not.toThrow();
  });

  it('finds a kernel that comes too early', () => {
    const early = { ...program, kernels: program.kernels.toReversed() };
    expect(() => verifyKernels('group', early)).toThrow(/^group\(\): broke the program, %\d+ is read before/);
  });

  it('finds a position outside a buffer', () => {
    const [one] = kernels((x) => [x.mul(2)]).kernels as [MapKernel];
    const wide = { ...kernels((x) => [x.mul(2)]), kernels: [{ ...one, shape: [9, 8] }] };
    expect(() => verifyKernels('fuse', wide)).toThrow('positions 0 to 71 of %0 with 64 elements');
  });

  it('finds a result that nothing computes', () => {
    const empty = { ...program, kernels: program.kernels.slice(0, 1) };
    expect(() => verifyKernels('fuse', empty)).toThrow('is never computed');
  });
});

describe('verifyPlan', () => {
  const state = tensor(new Float32Array(64)).reshape([8, 8]);
  const program = planned(
    kernels((x) => {
      const y = x.matmul(x);
      state.assign(state.add(y));
      return [y.matmul(y), y.sum()];
    }),
  );

  it('accepts what the planner makes', () => {
    expect(() => verifyPlan(program)).not.toThrow();
  });

  it('finds a place that is used again too early', () => {
    const places = new Map(program.places);
    for (const [id, place] of places)
      if (place.base === 'arena') places.set(id, { base: 'arena', offset: 0 });
    expect(() => verifyPlan({ ...program, places })).toThrow(/^plan\(\): broke the program/);
  });
});
