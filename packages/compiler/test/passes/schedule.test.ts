import { record, tensor, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { simplify } from '../../src/index.ts';
import { fuse } from '../../src/passes/fuse.ts';
import { group } from '../../src/passes/group.ts';
import { schedule } from '../../src/passes/schedule.ts';

/** How many kernels each phase has. */
function sizes(body: (x: Tensor) => Tensor[]): number[] {
  const { program } = record([{ shape: [64, 64], dtype: 'float32' }], (x) => body(x!));
  return schedule(group(fuse(simplify(program)))).map((phase) => phase.length);
}

describe('schedule', () => {
  it('puts kernels side by side that read the same', () => {
    expect(sizes((x) => [x.sum(0), x.matmul(x), x.sum(1)])).toEqual([3]);
  });

  it('lets a kernel wait for what it reads', () => {
    expect(sizes((x) => [x.matmul(x).matmul(x)])).toEqual([1, 1]);
  });

  it('lets a new value of a state wait for those who read the old one', () => {
    const state = tensor(new Float32Array(4096)).reshape([64, 64]);
    const sizesOf = sizes((x) => {
      const y = state.matmul(x);
      state.assign(x.cumsum(0));
      return [y];
    });
    expect(sizesOf).toEqual([1, 1]);
  });
});
