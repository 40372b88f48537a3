import { describe, expect, it } from 'vitest';
import { DTypeError, ShapeError, ValueError } from '../../src/errors.ts';
import { tensor, zeros } from '../../src/ops/creation.ts';
import { einsum } from '../../src/ops/einsum.ts';
import { diagonal, dot, matmul, outer, trace, type DiagonalOptions } from '../../src/ops/linear-algebra.ts';
import { casesOf, expectEqual, pattern, recorded, strided, torchVersion } from '../fixtures/contractions.ts';

describe(`matmul, against torch ${torchVersion}`, () => {
  it.each(casesOf('matmul'))('$name', ({ inputs, results }) => {
    const [a, b] = inputs as [(typeof inputs)[0], (typeof inputs)[0]];
    expectEqual(matmul(a, b), results[0]!);
    expectEqual(matmul(strided(a), strided(b)), results[0]!);
    expectEqual(recorded(inputs, matmul), results[0]!);
  });

  it('promotes dtypes', () => {
    const a = tensor([[1, 2]], { dtype: 'int32' });
    expect(matmul(a, tensor([[0.5], [0.25]], { dtype: 'float64' })).dtype).toBe('float64');
    expect(matmul(tensor([true, true]), tensor([3, 4], { dtype: 'int32' })).item()).toBe(7);
  });

  it('wraps integers', () => {
    const a = tensor([2 ** 30, 2 ** 30, 3], { dtype: 'int32' });
    expect(matmul(a, tensor([2, 2, 5], { dtype: 'int32' })).item()).toBe(15);
  });

  it('says which shapes do not fit', () => {
    expect(() => matmul(zeros([2, 3]), zeros([4, 5]))).toThrow(
      'matmul(): the last axis of the first operand must be as long as axis 0 of the second, got [2, 3] and [4, 5]. Sizes 3 and 4 differ.',
    );
    expect(() => matmul(zeros([2, 2, 3]), zeros([3, 3, 5]))).toThrow(
      /matmul\(\): leading axes must broadcast, got \[2, 2, 3\] and \[3, 3, 5\]/,
    );
    expect(() => matmul(zeros([]), zeros([3]))).toThrow(ShapeError);
    expect(() => matmul(tensor([true]), tensor([true]))).toThrow(DTypeError);
  });
});

describe(`einsum, against torch ${torchVersion}`, () => {
  it.each(casesOf('einsum'))('$name', ({ inputs, args, results }) => {
    expectEqual(einsum(args[0] as string, ...inputs), results[0]!);
    expectEqual(einsum(args[0] as string, ...inputs.map(strided)), results[0]!);
    expectEqual(
      recorded(inputs, (...symbols) => einsum(args[0] as string, ...symbols)),
      results[0]!,
    );
  });

  it('counts in int32', () => {
    const bytes = tensor([200, 100], { dtype: 'uint8' });
    expect(einsum('i->', bytes).item()).toBe(300);
    expect(einsum('i,i->', bytes, bytes).item()).toBe(50_000);
  });

  it.each([
    ['ij,jk->ik', [zeros([2, 3])], ValueError],
    ['i->i->i', [zeros([2])], ValueError],
    ['i1->i', [zeros([2, 2])], ValueError],
    ['...i...', [zeros([2])], ValueError],
    ['i->j', [zeros([2])], ValueError],
    ['i->ii', [zeros([2])], ValueError],
    ['i->...i', [zeros([2])], null],
    ['ij', [zeros([2])], ShapeError],
    ['...ij', [zeros([2])], ShapeError],
    ['ii', [zeros([2, 3])], ShapeError],
    ['i,i', [zeros([2]), zeros([3])], ShapeError],
    ['i', [tensor([true])], DTypeError],
  ] as const)('%s', (equation, operands, error) => {
    if (error === null) expect(einsum(equation, ...operands).shape).toEqual([2]);
    else expect(() => einsum(equation, ...operands)).toThrow(error);
    if (error !== null) expect(() => einsum(equation, ...operands)).toThrow(/^einsum\(\): /);
  });
});

describe(`diagonal, against torch ${torchVersion}`, () => {
  it.each(casesOf('diagonal'))('$name', ({ inputs, args, results }) => {
    expectEqual(diagonal(inputs[0]!, args[0] as DiagonalOptions), results[0]!);
    expectEqual(diagonal(strided(inputs[0]!), args[0] as DiagonalOptions), results[0]!);
  });

  it('is a view', () => {
    const x = zeros([2, 2]);
    diagonal(x).assign(tensor([1, 2]));
    expect(x.toArray()).toEqual([
      [1, 0],
      [0, 2],
    ]);
  });

  it('needs two axes', () => {
    expect(() => diagonal(zeros([2, 2]), { columnAxis: 0 })).toThrow(ShapeError);
    expect(() => trace(zeros([2, 2, 2]))).toThrow('trace(): needs a matrix, got [2, 2, 2].');
  });
});

describe('dot, outer and trace', () => {
  it('sum and spread products', () => {
    const a = tensor([1, 2, 3]);
    expect(dot(a, tensor([4, 5, 6])).item()).toBe(32);
    expect(dot(zeros([0]), zeros([0])).item()).toBe(0);
    expectEqual(outer(a, pattern([4])), a.reshape([3, 1]).mul(pattern([4])));
    expect(outer(zeros([0]), a).shape).toEqual([0, 3]);
    expect(
      trace(
        tensor([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ).item(),
    ).toBe(6);
  });

  it('need vectors', () => {
    expect(() => dot(zeros([2]), zeros([3]))).toThrow(ShapeError);
    expect(() => dot(zeros([2, 2]), zeros([2]))).toThrow(/^dot\(\): needs two vectors/);
    expect(() => dot(tensor([true]), tensor([true]))).toThrow(/^dot\(\)/);
    expect(() => outer(zeros([2, 2]), zeros([2]))).toThrow(/^outer\(\)/);
  });
});
