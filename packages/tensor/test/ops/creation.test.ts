import { readFileSync } from 'node:fs';
import {
  arange,
  DTypeError,
  eye,
  full,
  fullLike,
  linspace,
  ones,
  onesLike,
  ShapeError,
  tensor,
  ValueError,
  zeros,
  zerosLike,
  type TensorData,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { record } from '../../src/program/recording.ts';

const { lines } = JSON.parse(readFileSync(new URL('../fixtures/movement.json', import.meta.url), 'utf8')) as {
  readonly lines: readonly {
    readonly name: 'arange' | 'linspace';
    readonly args: readonly number[];
    readonly values: readonly number[];
  }[];
};

describe('tensor', () => {
  it('infers shape and dtype', () => {
    expect(tensor(5).shape).toEqual([]);
    expect(tensor(5).dtype).toBe('float32');
    expect(tensor(true).dtype).toBe('bool');
    expect(tensor([]).shape).toEqual([0]);
    expect(tensor([[], []]).shape).toEqual([2, 0]);
    expect(tensor([[[1], [2]]]).shape).toEqual([1, 2, 1]);
    expect(tensor([true, 2]).dtype).toBe('float32');
    expect(tensor(Float64Array.of(1)).dtype).toBe('float64');
    expect(tensor(Int32Array.of(1)).dtype).toBe('int32');
    expect(tensor(Uint8Array.of(1)).dtype).toBe('uint8');
    expect(tensor([Float32Array.of(1, 2), Float64Array.of(3, 4)]).dtype).toBe('float64');
    expect(tensor([Float32Array.of(1, 2), [3, 4]]).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('copies', () => {
    const array = Float32Array.of(1, 2);
    const x = tensor(array);
    array[0] = 9;
    expect(x.toArray()).toEqual([1, 2]);
    x.data[0] = 9;
    expect(x.toArray()).toEqual([1, 2]);
  });

  it('converts as cast does', () => {
    expect(tensor([1.9, -1.9, 1e12, NaN, -Infinity], { dtype: 'int32' }).toArray()).toEqual([
      1, -1, 2147483647, 0, -2147483648,
    ]);
    expect(tensor(Float64Array.of(-3, 2.7, 300), { dtype: 'uint8' }).toArray()).toEqual([0, 2, 255]);
    expect(tensor(Int32Array.of(-3, 256), { dtype: 'uint8' }).toArray()).toEqual([0, 255]);
    expect(tensor([0, -2, NaN], { dtype: 'bool' }).toArray()).toEqual([false, true, true]);
    expect(tensor(Uint8Array.of(0, 7), { dtype: 'bool' }).data).toEqual(Uint8Array.of(0, 1));
    expect(tensor([0.1], { dtype: 'float64' }).item()).toBe(0.1);
    expect(tensor(0.1).item()).toBe(Math.fround(0.1));
  });

  it('takes a shape', () => {
    expect(tensor(Float32Array.of(1, 2, 3, 4), { shape: [2, 2] }).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(() => tensor([1, 2, 3], { shape: [2, 2] })).toThrow(
      'tensor(): the shape must hold every element, got [2, 2] for 3 elements.',
    );
  });

  it('names the path of a ragged part', () => {
    expect(() => tensor([[1, 2], [3]])).toThrow(
      new ShapeError('tensor(): nested arrays must form a box, got 1 element at [1] and 2 elements at [0].'),
    );
    expect(() =>
      tensor([
        [[1], [2]],
        [[3], 4],
      ]),
    ).toThrow('got 4 at [1][1] and 1 element at [0][0].');
    expect(() => tensor([1, [2]])).toThrow('got 1 element at [1] and a number at [0].');
    expect(() => tensor([[[1, 2]], [Float32Array.of(1), [2]] as TensorData])).toThrow(
      'got 2 elements at [1] and 1 element at [0].',
    );
    expect(() => tensor([[1], new Float32Array(2)])).toThrow('got 2 elements at [1] and 1 element at [0].');
    expect(() => tensor([[[1], [2]], new Float32Array(2)])).toThrow(
      'got a typed array at [1] and nested arrays at [0].',
    );
  });

  it('refuses other elements', () => {
    const refuse = (data: unknown, message: string): void =>
      expect(() => tensor(data as TensorData)).toThrow(message);
    refuse(['1'], 'elements must be numbers or booleans, got string at [0].');
    refuse([[1, 2n]], 'got bigint at [0][1]. Convert it with Number().');
    refuse(null, 'got null.');
    refuse([undefined], 'got undefined at [0].');
    refuse({}, 'got object.');
    refuse(BigInt64Array.of(1n), 'got BigInt64Array. Convert it first');
    refuse(new Uint16Array(2), 'got Uint16Array.');
    refuse([new Int8Array(2)], 'got Int8Array.');
    refuse([tensor(1)], 'got a Tensor at [0]. Use stack()');
    expect(() => tensor([1], { dtype: 'float16' as 'float32' })).toThrow(DTypeError);
  });
});

describe('constants', () => {
  it('take shapes and dtypes', () => {
    expect(zeros([2, 0]).shape).toEqual([2, 0]);
    expect(zeros([]).item()).toBe(0);
    expect(ones([2], { dtype: 'uint8' }).data).toEqual(Uint8Array.of(1, 1));
    expect(full([2], true).toArray()).toEqual([true, true]);
    expect(full([1], 2.5, { dtype: 'int32' }).toArray()).toEqual([2]);
    expect(full([1], 1e12, { dtype: 'int32' }).toArray()).toEqual([2147483647]);
    expect(full([1], Infinity).toArray()).toEqual([Infinity]);
    expect(zerosLike(ones([2], { dtype: 'int32' })).dtype).toBe('int32');
    expect(onesLike(zeros([2]), { dtype: 'bool' }).toArray()).toEqual([true, true]);
    expect(fullLike(zeros([2]), 3).toArray()).toEqual([3, 3]);
  });

  it('refuse shapes that are none', () => {
    expect(() => zeros([1.5])).toThrow(ShapeError);
    expect(() => ones([-1])).toThrow('ones(): sizes must be whole numbers of at least 0, got [-1].');
    expect(() => zeros(3 as unknown as number[])).toThrow(
      'zeros(): the shape must be an array of sizes, got 3. Write [3].',
    );
    expect(() => full([2 ** 16, 2 ** 16], 0)).toThrow('at most 2^31 - 1 elements');
  });

  it('are nodes of a program, not captured', () => {
    const { state } = record([], () => [
      zeros([2]),
      full([2], 3),
      eye(2),
      arange(3),
      arange(1, 5, 2),
      linspace(0, 1, 3),
      onesLike(tensor([1])),
    ]);
    expect(state.every((storage) => storage.size === 1)).toBe(true);
  });
});

describe('eye', () => {
  it('may be wide, tall or of another dtype', () => {
    expect(eye(2, 3).toArray()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
    expect(eye(2, 1, { dtype: 'int32' }).toArray()).toEqual([[1], [0]]);
    expect(eye(1, { dtype: 'bool' }).toArray()).toEqual([[true]]);
    expect(eye(0).shape).toEqual([0, 0]);
    expect(() => eye(-1)).toThrow(ValueError);
  });
});

describe('arange and linspace', () => {
  for (const { name, args, values } of lines) {
    it(`${name}(${args.join(', ')}) as in torch`, () => {
      const call = (name === 'arange' ? arange : linspace) as unknown as (
        ...args: readonly unknown[]
      ) => ReturnType<typeof arange>;
      const got = [...call(...args, { dtype: 'float64' }).data];
      expect(got.length).toBe(values.length);
      for (const [i, value] of values.entries())
        expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(1e-15 * 8);
    });
  }

  it('are float32 unless asked', () => {
    expect(arange(3).dtype).toBe('float32');
    expect(arange(3, { dtype: 'int32' }).dtype).toBe('int32');
    expect(arange(1, 3, { dtype: 'uint8' }).toArray()).toEqual([1, 2]);
    expect(arange(0, -3, -1, { dtype: 'int32' }).toArray()).toEqual([0, -1, -2]);
    expect(arange(5, 0).shape).toEqual([0]);
    expect(linspace(0, 1, 2).dtype).toBe('float32');
    expect([...linspace(0.1, 0.7, 8, { dtype: 'float64' }).data].at(-1)).toBe(0.7);
  });

  it('refuse what never ends', () => {
    expect(() => arange(0, 1, 0)).toThrow(ValueError);
    expect(() => arange(Infinity)).toThrow('needs finite numbers');
    expect(() => linspace(0, 1, -1)).toThrow(ValueError);
  });
});
