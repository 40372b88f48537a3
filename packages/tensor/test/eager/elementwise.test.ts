import { describe, expect, it } from 'vitest';
import { apply, none, slice, tensor, type Tensor } from '@nadir/tensor';
import { primitiveSamples, sampleTensor } from '@nadir/tensor/testing';

const unary = [
  'neg',
  'abs',
  'sign',
  'floor',
  'ceil',
  'round',
  'trunc',
  'exp',
  'expm1',
  'log',
  'log1p',
  'sqrt',
] as const;
const more = ['sin', 'cos', 'tanh', 'sigmoid', 'erf'] as const;
const binary = [
  'add',
  'sub',
  'mul',
  'div',
  'pow',
  'maximum',
  'minimum',
  'remainder',
  'atan2',
  'eq',
  'lt',
  'le',
] as const;

/** float32 arrays run in loops of their own; element by element they must do what single elements do. */
describe('loops over float32', () => {
  const apart = (x: Tensor, f: (...parts: Tensor[]) => Tensor, y?: Tensor): unknown[] =>
    Array.from({ length: x.size }, (_, i) =>
      f(x.reshape([-1]).at(i), ...(y === undefined ? [] : [y.reshape([-1]).at(i)])).item(),
    );

  it.each([...unary, ...more])('%s', (name) => {
    const x = primitiveSamples[name]('float32').at(-2)!.inputs[0]!;
    const whole = apply(name, [x], none).reshape([-1]).toArray();
    expect(whole).toEqual(apart(x, (part) => apply(name, [part], none)));
  });

  it.each(binary)('%s', (name) => {
    const [x, y] = primitiveSamples[name]('float32').at(-2)!.inputs as [Tensor, Tensor];
    const whole = Array.from(apply(name, [x, y], none).data);
    expect(whole).toEqual(apart(x, (a, b) => apply(name, [a!, b!], none), y));
  });

  it('where', () => {
    const condition = sampleTensor([40], 'bool');
    const [x, y] = [sampleTensor([40], 'float32'), sampleTensor([40], 'float32').flip()];
    const bits = condition.data;
    const expected = Array.from(x.data, (value, i) => (bits[i] === 1 ? value : y.data[i]!));
    expect(apply('where', [condition, x, y], none).toArray()).toEqual(expected);
  });
});

describe('operands that lie elsewhere', () => {
  const values = Array.from({ length: 40 }, (_, i) => i + 1);
  const long = tensor(values);
  const part = long.at(slice(10, 30));
  const one = long.at(7).expand([20]);

  it('are runs inside of a longer storage', () => {
    expect(part.neg().toArray()).toEqual(values.slice(10, 30).map((x) => -x));
    expect(part.sub(long.at(slice(0, 20))).toArray()).toEqual(new Array(20).fill(10));
    expect(part.lt(long.at(slice(20, 40))).toArray()).toEqual(new Array(20).fill(true));
  });

  it('are one element for all', () => {
    expect(part.sub(one).toArray()).toEqual(values.slice(10, 30).map((x) => x - 8));
    expect(one.sub(part).toArray()).toEqual(values.slice(10, 30).map((x) => 8 - x));
    expect(one.lt(part).toArray()).toEqual(new Array(20).fill(true));
  });

  it('are one element each', () => {
    expect(one.neg().toArray()).toEqual(new Array(20).fill(-8));
    expect(one.sub(long.at(1).expand([20])).toArray()).toEqual(new Array(20).fill(6));
    expect(one.eq(one).toArray()).toEqual(new Array(20).fill(true));
    const no = tensor([true, false]).at(1).expand([20]);
    expect(no.logicalNot().toArray()).toEqual(new Array(20).fill(true));
  });

  it('are read in the order of their axes', () => {
    const matrix = long.reshape([4, 10]);
    const rows = Array.from({ length: 10 }, (_, j) => Array.from({ length: 4 }, (_, i) => i * 10 + j + 1));
    expect(matrix.T.neg().toArray()).toEqual(rows.map((row) => row.map((x) => -x)));
    expect(matrix.T.add(matrix.T).toArray()).toEqual(rows.map((row) => row.map((x) => 2 * x)));
    const column = matrix.at('...', 0).reshape([4, 1]);
    expect(matrix.sub(column).toArray()).toEqual(new Array(4).fill(Array.from({ length: 10 }, (_, j) => j)));
  });
});

describe('where', () => {
  const n = 100;
  const bits = Array.from({ length: n + 5 }, (_, i) => i % 3 === 0 || i % 7 === 0);
  const mask = tensor(bits).at(slice(5, n + 5));
  const chosen = (i: number): boolean => bits[i + 5]!;
  const long = Array.from({ length: 2 * n }, (_, i) => i + 0.5);

  it.each(['float32', 'int32', 'float64'] as const)('chooses among %s that lie elsewhere', (dtype) => {
    const values = dtype === 'int32' ? long.map(Math.trunc) : long;
    const all = tensor(values, { dtype });
    const [x, y] = [all.at(slice(3, n + 3)), all.at(slice(n, 2 * n))];
    const one = all.at(9).expand([n]);
    const other = all.at(2).expand([n]);
    const expected = (a: (i: number) => number, b: (i: number) => number): number[] =>
      Array.from({ length: n }, (_, i) => (chosen(i) ? a(i) : b(i)));
    const [xAt, yAt] = [(i: number) => values[i + 3]!, (i: number) => values[i + n]!];
    const [oneAt, otherAt] = [() => values[9]!, () => values[2]!];
    expect(apply('where', [mask, x, y], none).toArray()).toEqual(expected(xAt, yAt));
    expect(apply('where', [mask, one, y], none).toArray()).toEqual(expected(oneAt, yAt));
    expect(apply('where', [mask, x, one], none).toArray()).toEqual(expected(xAt, oneAt));
    expect(apply('where', [mask, one, other], none).toArray()).toEqual(expected(oneAt, otherAt));
    const yes = tensor([false, true]).at(1).expand([n]);
    expect(apply('where', [yes, x, one], none).toArray()).toEqual(
      Array.from({ length: n }, (_, i) => xAt(i)),
    );
  });

  it('keeps NaN and the sign of zero', () => {
    const x = tensor(Array.from({ length: n }, (_, i) => (i % 2 === 0 ? NaN : -0)));
    const kept = apply('where', [mask, x, tensor(1).expand([n])], none).data;
    for (let i = 0; i < n; i++) expect(kept[i]).toBe(chosen(i) ? (i % 2 === 0 ? NaN : -0) : 1);
  });
});

describe('casts', () => {
  it('truncates, saturates and maps NaN to 0', () => {
    const x = tensor([1.9, -1.9, 3e9, -3e9, NaN, Infinity, -Infinity, 255.5, 300, -0.5]);
    expect(x.cast('int32').toArray()).toEqual([
      1, -1, 2147483647, -2147483648, 0, 2147483647, -2147483648, 255, 300, 0,
    ]);
    expect(x.cast('uint8').toArray()).toEqual([1, 0, 255, 0, 0, 255, 0, 255, 255, 0]);
    expect(tensor([0, -0, NaN, 0.1]).cast('bool').toArray()).toEqual([false, false, true, true]);
    expect(tensor([true, false]).cast('float32').toArray()).toEqual([1, 0]);
  });
});

describe('integers', () => {
  it('wrap', () => {
    const big = tensor([2147483647, 65537], { dtype: 'int32' });
    expect(big.add(1).toArray()).toEqual([-2147483648, 65538]);
    expect(big.mul(65537).toArray()).toEqual([Math.imul(2147483647, 65537), Math.imul(65537, 65537)]);
    expect(
      tensor(Uint8Array.of(250, 5))
        .add(tensor(Uint8Array.of(10, 10)))
        .toArray(),
    ).toEqual([4, 15]);
  });

  it('refuse a number they do not hold', () => {
    expect(() => tensor(Uint8Array.of(1)).lt(300)).toThrow('300 is outside uint8, which holds 0 to 255');
  });
});
