import { eagerExecutor, record, tensor, verifyProgram } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { liftState } from '../../src/compile/lift-state.ts';

describe('liftState', () => {
  it('makes state arguments and their last values results, and computes the same', () => {
    const [a, b, c] = [tensor([1, 2]), tensor([10]), tensor([100, 200])];
    const { program, state } = record([{ shape: [2], dtype: 'float32' }], (x) => {
      const sum = x!.add(a).add(b);
      c.assign(c.add(sum));
      b.assign(b.neg());
      return [sum];
    });
    expect(state).toEqual([a.storage, b.storage, c.storage]);
    const lifted = liftState(program, [2, 0]);
    verifyProgram(lifted.program);
    expect(lifted.written).toEqual([2]);
    expect(lifted.program.arguments.length).toBe(3);
    const results = eagerExecutor.load(lifted.program).run([tensor([5, 6]), c, a], [b.storage]);
    expect(results.map((x) => x.toArray())).toEqual([
      [16, 18],
      [116, 218],
    ]);
    expect([a, b, c].map((x) => x.toArray())).toEqual([[1, 2], [-10], [100, 200]]);
  });

  it('leaves a program alone where there is nothing to lift', () => {
    const { program } = record([], () => [tensor([1]).neg()]);
    expect(liftState(program, [])).toEqual({ program, written: [] });
  });
});
