import { apply, eagerExecutor, none, record, tensor, verifyProgram, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { simplify } from '../../src/index.ts';

function simplified(body: (x: Tensor) => Tensor[]): string {
  const { program } = record([{ shape: [2, 3], dtype: 'float32' }], (x) => body(x!));
  const result = simplify(program);
  verifyProgram(result);
  return result.nodes.map((node) => node.primitive).join(' ');
}

describe('simplify', () => {
  it('leaves out what nobody reads', () => {
    expect(
      simplified((x) => {
        x.exp();
        return [x.neg()];
      }),
    ).toBe('neg');
  });

  it('computes equal values once', () => {
    expect(simplified((x) => [x.exp().add(x.exp())])).toBe('exp add');
  });

  it('tells constants apart that compare equal', () => {
    expect(simplified((x) => [x.add(0), x.add(-0)])).toBe('full add full add');
  });

  it('folds operations on constants with the kernels of eager', () => {
    expect(simplified((x) => [x.mul(apply('exp', [full(2)], none).expand([2, 3]))])).toBe('full mul');
  });

  it('drops movements that move nothing, and chains of them', () => {
    expect(simplified((x) => [x.T.T.reshape([6]).reshape([2, 3]).exp()])).toBe('exp');
    expect(simplified((x) => [x.permute([1, 0]).permute([1, 0]).exp()])).toBe('exp');
  });

  it('keeps x + 0, which turns −0 into 0, and drops x · 1', () => {
    expect(simplified((x) => [x.add(0)])).toBe('full add');
    expect(simplified((x) => [x.mul(1)])).toBe('');
  });

  it('drops a write of the value that a state has anyway', () => {
    const state = tensor([1, 2]);
    const { program } = record([], () => {
      state.assign(state.mul(1));
      return [];
    });
    expect(program.writes).toHaveLength(1);
    expect(simplify(program).writes).toHaveLength(0);
  });

  it('keeps the meaning', () => {
    const x = tensor([
      [1, -2, 0.5],
      [3, 4, -0],
    ]);
    const { program, state } = record([x], (y) => [y!.pow(2).add(y!.mul(1)).neg().neg()]);
    const before = eagerExecutor.load(program).run([x], state)[0]!;
    const after = eagerExecutor.load(simplify(program)).run([x], state)[0]!;
    expect(after.toArray()).toEqual(before.toArray());
  });
});

function full(value: number): Tensor {
  return apply('full', [], { shape: [], dtype: 'float32', value });
}
