import { readFileSync } from 'node:fs';
import * as ops from '@nadir/tensor';
import { arange, DTypeError, ShapeError, tensor, zeros, ValueError, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';

interface Box {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

interface Fixture {
  readonly shape: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly args: readonly unknown[];
    readonly results: readonly Box[];
  }[];
}

const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/movement.json', import.meta.url), 'utf8'),
) as Fixture;

function filled(shape: readonly number[]): Tensor {
  return arange(shape.reduce((a, b) => a * b, 1)).reshape(shape);
}

function boxOf(x: Tensor): Box {
  return { shape: x.shape, values: [...x.data] };
}

type Call = (x: Tensor, ...args: readonly unknown[]) => Tensor | Tensor[];

describe('torch and NumPy fixtures', () => {
  for (const { name, shape, args, results } of fixture.shape) {
    it(`${name} of [${shape.join(', ')}] with ${JSON.stringify(args)}`, () => {
      const call = (ops as unknown as Record<string, Call>)[name]!;
      const returned = [call(filled(shape), ...args)].flat();
      expect(returned.map(boxOf)).toEqual(results);
      const strided = filled(shape.toReversed()).permute(shape.map((_, axis) => shape.length - 1 - axis));
      const copied = strided.contiguous();
      expect([call(strided, ...args)].flat().map(boxOf)).toEqual([call(copied, ...args)].flat().map(boxOf));
    });
  }
});

describe('views', () => {
  it('share storage wherever strides allow', () => {
    const x = filled([2, 3, 4]);
    const views = [
      x.reshape([6, 4]),
      x.flatten(),
      x.permute([2, 0, 1]),
      x.T,
      x.moveAxis(0, 1),
      x.unsqueeze(1).squeeze(1),
      x.expand([5, -1, -1, -1]),
      x.flip(),
      ...x.split(2, 2),
      ...x.chunk(2),
      x.transpose(0, 1).reshape([3, 2, 2, 2]),
    ];
    for (const view of views) expect(view.storage).toBe(x.storage);
    const copies = [
      x.T.reshape([24]),
      x.clone(),
      x.T.contiguous(),
      x.roll(1, 0),
      x.repeat(2, 0),
      x.tile([2, 1, 1]),
    ];
    for (const copy of copies) expect(copy.storage).not.toBe(x.storage);
    expect(x.contiguous()).toBe(x);
    expect(x.cast('float32')).toBe(x);
  });

  it('write through to the base', () => {
    const x = zeros([2, 3]);
    x.T.reshape([3, 2])
      .at(0)
      .assign(tensor([1, 2]));
    x.split(1, 1)[2]!.assign(9);
    expect(x.toArray()).toEqual([
      [1, 0, 9],
      [2, 0, 9],
    ]);
  });
});

describe('squeeze and pad', () => {
  it('leave what has nothing to drop or add', () => {
    expect(zeros([1, 3, 1]).squeeze().shape).toEqual([3]);
    expect(zeros([1, 3, 1]).squeeze([0, -1]).shape).toEqual([3]);
    expect(zeros([2, 3]).squeeze().shape).toEqual([2, 3]);
    const x = zeros([2]);
    expect(x.pad([[0, 0]])).toBe(x);
  });
});

describe('errors', () => {
  const x = filled([2, 3]);

  it('of reshape', () => {
    expect(x.reshape([-1]).shape).toEqual([6]);
    expect(zeros([0, 3]).reshape([-1, 3]).shape).toEqual([0, 3]);
    expect(() => x.reshape([4, 2])).toThrow(
      new ShapeError(
        'reshape(): the sizes must keep the number of elements, got [4, 2] with 8 for [2, 3] with 6.',
      ),
    );
    expect(() => x.reshape([-1, 4])).toThrow('6 elements are not a multiple of 4');
    expect(() => x.reshape([-1, -1])).toThrow('only one size may be -1');
    expect(() => zeros([0]).reshape([-1, 0])).toThrow('beside a size of 0');
    expect(() => x.reshape([2.5])).toThrow(ShapeError);
  });

  it('of arguments that are not arrays', () => {
    const matrix = zeros([2, 3]) as unknown as Record<string, (...sizes: unknown[]) => Tensor>;
    const shape = 'the shape must be an array of sizes, got 3. Write [3].';
    for (const op of ['reshape', 'expand', 'broadcastTo']) {
      expect(() => matrix[op]!(3, 2)).toThrow(`${op}(): ${shape}`);
    }
    expect(() => matrix.permute!(1, 0)).toThrow(/^permute\(\): axes must be an array, got 1/);
    expect(() => matrix.tile!(2)).toThrow('tile(): counts must be an array, got 2. Write [2].');
    expect(() => matrix.sum!({ keepDims: true })).toThrow(
      'sum(): axes must be a number or an array of numbers, got object.',
    );
  });

  it('of axes', () => {
    expect(() => x.permute([0])).toThrow('axes must name each of the 2 axes once, got [0]');
    expect(() => x.permute([0, 0])).toThrow(ShapeError);
    expect(() => zeros([2]).transpose()).toThrow('transpose(): axis out of range');
    expect(() => x.squeeze(0)).toThrow('only axes of size 1 can be dropped, got axis 0 of shape [2, 3]');
    expect(() => x.unsqueeze(4)).toThrow(ShapeError);
    expect(() => x.flatten(1, 0)).toThrow('end must not come before start');
    expect(() => x.flip([0, -2])).toThrow('named twice');
  });

  it('of expansion', () => {
    expect(() => x.expand([2, 4])).toThrow('got [2, 3] and [2, 4]');
    expect(() => x.expand([-1, 2, 3])).toThrow(ShapeError);
    expect(() => x.broadcastTo([3])).toThrow('broadcastTo(): the shape must follow by repeating');
  });

  it('of cutting', () => {
    expect(() => x.split([1, 2])).toThrow('must add up to axis 0 of shape [2, 3], got [1, 2] with sum 3');
    expect(() => x.split(0)).toThrow(ValueError);
    expect(() => x.chunk(0)).toThrow(ValueError);
    expect(() => x.pad([[1, 1]])).toThrow('for each of 2 axes, got 1');
    expect(() =>
      x.pad([
        [-1, 1],
        [0, 0],
      ]),
    ).toThrow(ValueError);
    expect(() => x.roll([1, 2])).toThrow(ValueError);
    expect(() => x.roll([1, 2], 0)).toThrow('got shifts [1, 2] and axes [0]');
    expect(() => x.repeat(-1)).toThrow(ValueError);
    expect(() => zeros([3]).tril()).toThrow('needs a matrix or a batch of them, got shape [3]');
    expect(() => x.cast('float16' as 'float32')).toThrow(DTypeError);
  });
});

describe('cast', () => {
  it('truncates, saturates and maps NaN to 0', () => {
    const x = tensor([1.9, -1.9, 1e12, -1e12, NaN, Infinity]);
    expect(x.cast('int32').toArray()).toEqual([1, -1, 2147483647, -2147483648, 0, 2147483647]);
    expect(x.cast('uint8').toArray()).toEqual([1, 0, 255, 0, 0, 255]);
    expect(x.cast('bool').toArray()).toEqual([true, true, true, true, true, true]);
  });
});

describe('pad', () => {
  it('keeps the value within the dtype', () => {
    expect(
      tensor([true])
        .pad([[1, 0]], 3)
        .toArray(),
    ).toEqual([true, true]);
    expect(
      tensor([1], { dtype: 'uint8' })
        .pad([[1, 0]], -4)
        .toArray(),
    ).toEqual([0, 1]);
  });
});
