import {
  apply,
  eagerExecutor,
  record,
  relu,
  tensor,
  verifyProgram,
  where,
  type Program,
  type Tensor,
  type ValueType,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { simplify } from '../../src/index.ts';

function simplified(types: readonly ValueType[], body: (...x: readonly Tensor[]) => Tensor[]): Program {
  const result = simplify(record(types, body).program);
  verifyProgram(result);
  return result;
}

const names = (program: Program): string => program.nodes.map((node) => node.primitive).join(' ');

/** What eager makes of a program before and after it was simplified. */
function values(args: readonly Tensor[], body: (...x: readonly Tensor[]) => Tensor[]): unknown[][] {
  const { program, state } = record(args, body);
  return [program, simplify(program)].map((each) =>
    eagerExecutor
      .load(each)
      .run(args, state)
      .map((result) => result.toArray()),
  );
}

function padded(x: Tensor, axis: number, low: number, high: number): Tensor {
  const at = (size: number): number[] => x.shape.map((_, i) => (i === axis ? size : 0));
  return apply('pad', [x], { low: at(low), high: at(high), interior: at(0), value: 0 });
}

const matrix: ValueType = { shape: [2, 3], dtype: 'float32' };
const other: ValueType = { shape: [3, 4], dtype: 'float32' };

describe('a transposed product', () => {
  it('becomes the product of the transposed operands', () => {
    const program = simplified([matrix, other], (a, b) => [a!.matmul(b!).T.exp()]);
    expect(names(program)).toBe('permute permute matmul exp');
    const [a, b, product] = program.nodes;
    expect([a!.operands, b!.operands, product!.operands]).toEqual([[0], [1], [b!.id, a!.id]]);
  });

  it('stays where the product itself is read too', () => {
    const body = (a?: Tensor, b?: Tensor): Tensor[] => {
      const product = a!.matmul(b!);
      return [product.T.exp(), product];
    };
    expect(names(simplified([matrix, other], body))).toBe('matmul permute exp');
  });

  it('reads operands that were transposed before as they were', () => {
    const program = simplified([other, matrix], (a, b) => [a!.T.matmul(b!.T).T.exp()]);
    expect(names(program)).toBe('matmul exp');
  });
});

describe('a sum of padded values', () => {
  const row: ValueType = { shape: [2], dtype: 'float32' };

  it('is a concatenation where they lie side by side', () => {
    const program = simplified([row, row, row], (x, y, z) => [
      padded(x!, 0, 4, 0)
        .add(padded(y!, 0, 0, 4))
        .add(padded(z!, 0, 2, 2)),
    ]);
    expect(names(program)).toBe('full add add add concat');
  });

  it('keeps zeros between them, and makes −0 a 0', () => {
    const [before, after] = values([tensor([1, -0]), tensor([-0, 3])], (x, y) => [
      padded(x!, 0, 1, 4).add(padded(y!, 0, 4, 1)),
    ]);
    expect(before).toEqual([[0, 1, 0, 0, 0, 3, 0]]);
    expect(after).toEqual(before);
  });

  it('stays a sum where they overlap, lie along different axes, or are wanted themselves', () => {
    const overlapping = simplified([row, row], (x, y) => [padded(x!, 0, 1, 0).add(padded(y!, 0, 0, 1))]);
    expect(names(overlapping)).toBe('pad pad add');
    const crossed = simplified([matrix, { shape: [3, 2], dtype: 'float32' }], (x, y) => [
      padded(x!, 0, 0, 1).add(padded(y!, 1, 0, 1)),
    ]);
    expect(names(crossed)).toBe('pad pad add');
    const wanted = simplified([row, row, row], (x, y, z) => {
      const sum = padded(x!, 0, 0, 4).add(padded(y!, 0, 4, 0));
      return [sum, sum.add(padded(z!, 0, 2, 2))];
    });
    expect(names(wanted)).toBe('full add add concat pad add');
  });

  it('gets its parts in another order of axes', () => {
    const [before, after] = values([tensor([[1, 2]]), tensor([[3, 4]])], (x, y) => [
      padded(x!, 0, 1, 0).add(padded(y!, 0, 0, 1)).T,
    ]);
    expect(after).toEqual([
      [
        [3, 1],
        [4, 2],
      ],
    ]);
    expect(after).toEqual(before);
    const program = simplified(
      [
        { shape: [1, 2], dtype: 'float32' },
        { shape: [1, 2], dtype: 'float32' },
      ],
      (x, y) => [
        padded(x!, 0, 1, 0)
          .add(padded(y!, 0, 0, 1))
          .T.exp(),
      ],
    );
    expect(names(program)).toMatch(/permute permute concat exp$/);
  });
});

describe('the mask of a clamp', () => {
  const special = tensor([-Infinity, -1, -0, 0, 0.5, Infinity, NaN]);

  it('is read from the result', () => {
    const program = simplified([{ shape: [7], dtype: 'float32' }], (x) => [
      relu(x!),
      where(x!.le(0), 0, tensor(1).expand([7])),
    ]);
    // The last comparison is of the result of the first where.
    const [first, second] = program.nodes.filter((node) => node.primitive === 'where');
    const mask = program.nodes.find((node) => node.id === second!.operands[0]);
    expect(mask!.operands[0]).toBe(first!.id);
  });

  it('holds where the mask of the operand does', () => {
    const [before, after] = values([special], (x) => [relu(x!), where(x!.le(0), 0, tensor(1).expand([7]))]);
    expect(after).toEqual(before);
  });
});
