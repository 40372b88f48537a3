import { readFileSync } from 'node:fs';
import {
  arange,
  at,
  DTypeError,
  IndexError,
  indexPut,
  maskedSelect,
  nonzero,
  oneHot,
  ProgramError,
  scatterAdd,
  ShapeError,
  slice,
  take,
  takeAlongAxis,
  tensor,
  zeros,
  ValueError,
  type IndexArgument,
  type Tensor,
  type TensorData,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { eagerExecutor } from '../../src/program/executor.ts';
import { record } from '../../src/program/recording.ts';

type EncodedIndex =
  | number
  | null
  | '...'
  | { readonly slice: readonly (number | null)[] }
  | { readonly list: readonly number[] }
  | { readonly int: TensorData }
  | { readonly bool: TensorData };

interface Box {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

interface Fixture {
  readonly reads: readonly (Box & {
    readonly from: readonly number[];
    readonly index: readonly EncodedIndex[];
    readonly isView: boolean;
  })[];
  readonly writes: readonly {
    readonly from: readonly number[];
    readonly index: readonly EncodedIndex[];
    readonly given: Box;
    readonly put: Box;
    readonly added: Box;
  }[];
  readonly along: readonly {
    readonly x: Box;
    readonly axis: number;
    readonly indices: Box;
    readonly source: Box;
    readonly gathered: Box;
    readonly added: Box;
  }[];
}

const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/indexing.json', import.meta.url), 'utf8'),
) as Fixture;

function decode(index: EncodedIndex): IndexArgument {
  if (index === null || typeof index !== 'object') return index;
  if ('slice' in index) return slice(index.slice[0], index.slice[1], index.slice[2] ?? 1);
  if ('list' in index) return index.list;
  return 'int' in index ? tensor(index.int, { dtype: 'int32' }) : tensor(index.bool);
}

function filled(shape: readonly number[]): Tensor {
  return arange(shape.reduce((a, b) => a * b, 1)).reshape(shape);
}

function boxed({ shape, values }: Box, dtype: 'float32' | 'float64' | 'int32' = 'float32'): Tensor {
  return tensor(values, { shape, dtype });
}

function boxOf(x: Tensor): Box {
  return { shape: x.shape, values: [...x.data] };
}

function hasMask(index: readonly EncodedIndex[]): boolean {
  return index.some((part) => part !== null && typeof part === 'object' && 'bool' in part);
}

/** A view of the same elements with other strides, an offset, and a step below 0. */
function strided(x: Tensor): Tensor {
  if (x.rank === 0) return x;
  const doubled = zeros([...x.shape.slice(0, -1), 2 * x.shape.at(-1)! + 1]);
  const view = doubled.at('...', slice(1, null, 2)).flip();
  view.assign(x);
  return view;
}

/** The result of `body`, recorded as a program of `x` and then interpreted. */
function replay(x: Tensor, body: (x: Tensor) => Tensor): Tensor {
  const { program, state } = record([{ shape: x.shape, dtype: x.dtype }], (input) => [body(input!)]);
  return eagerExecutor.load(program).run([x], state)[0]!;
}

describe('at', () => {
  for (const { from, index, isView, shape, values } of fixture.reads) {
    it(`reads [${from.join(', ')}] at ${JSON.stringify(index)} as NumPy does`, () => {
      const x = filled(from);
      const indices = index.map(decode);
      const result = x.at(...indices);
      expect(boxOf(result)).toEqual({ shape, values });
      expect(result.storage === x.storage).toBe(isView);
      expect(boxOf(strided(x).at(...indices))).toEqual({ shape, values });
    });
  }

  for (const { from, index, shape, values } of fixture.reads.filter(({ index }) => !hasMask(index))) {
    it(`records [${from.join(', ')}] at ${JSON.stringify(index)}`, () => {
      expect(boxOf(replay(filled(from), (x) => x.at(...index.map(decode))))).toEqual({ shape, values });
    });
  }

  for (const { from, index } of fixture.reads.filter(({ index }) => hasMask(index))) {
    it(`does not record [${from.join(', ')}] at ${JSON.stringify(index)}`, () => {
      expect(() => replay(filled(from), (x) => x.at(...index.map(decode)))).toThrow(ProgramError);
    });
  }

  it('assigns through a view', () => {
    const x = zeros([3, 4]);
    x.at(1, slice(null, null, -2)).assign(tensor([1, 2]));
    x.at(slice(1, null), 0).assign(7);
    expect(x.toArray()).toEqual([
      [0, 0, 0, 0],
      [7, 2, 0, 1],
      [7, 0, 0, 0],
    ]);
  });

  it('counts from the end in several index tensors', () => {
    const rows = tensor([[-1], [0]], { dtype: 'int32' });
    const columns = tensor([0, -2], { dtype: 'int32' });
    const read = (x: Tensor): Tensor => x.at(rows, columns);
    const picked = [
      [8, 10],
      [0, 2],
    ];
    expect(read(filled([3, 4])).toArray()).toEqual(picked);
    expect(replay(filled([3, 4]), read).toArray()).toEqual(picked);
  });

  it('takes uint8 indices', () => {
    expect(at(arange(300), tensor([255, 1], { dtype: 'uint8' })).toArray()).toEqual([255, 1]);
  });

  it('says what is wrong with an index', () => {
    const x = zeros([2, 3]);
    const int = (values: TensorData): Tensor => tensor(values, { dtype: 'int32' });
    expect(() => x.at(2)).toThrow(new IndexError('at(): index out of range, got 2 for axis 0 of size 2.'));
    expect(() => x.at(0, -4)).toThrow(
      new IndexError('at(): index out of range, got -4 for axis 1 of size 3.'),
    );
    expect(() => x.at('...', [0, 3])).toThrow(
      new IndexError('at(): index out of range, got 3 for axis 1 of size 3.'),
    );
    expect(() => x.at(null, 0, int([[-4]]))).toThrow(
      new IndexError('at(): index out of range, got -4 for axis 1 of size 3.'),
    );
    expect(() => x.at(0, 0, 0)).toThrow('at(): too many indices, got 3 for shape [2, 3] with 2 axes.');
    expect(() => x.at('...', '...')).toThrow("'...' may stand once");
    expect(() => x.at(0.5)).toThrow('a whole number, got 0.5 for axis 0');
    expect(() => x.at(tensor([0, 1]))).toThrow(DTypeError);
    expect(() => x.at(int([0, 1]), int([0, 1, 2]))).toThrow('at(): shapes must broadcast, got [2] and [3].');
    expect(() => x.at(tensor([true, false, true]))).toThrow(ShapeError);
    expect(() => x.at(tensor(true))).toThrow('a mask must have at least one axis');
    expect(() => x.at(tensor([[true, false, true]]))).toThrow('got [1, 3] for axes from 0 of [2, 3]');
    expect(() => x.at('all' as '...')).toThrow("null or '...', got 'all'.");
    expect(() => x.at([true] as unknown as number[])).toThrow('an array with other elements than numbers');
    expect(() => x.at(undefined as unknown as null)).toThrow('got undefined');
  });
});

describe('slice', () => {
  it('is plain data', () => {
    expect(slice(1, -1)).toEqual({ kind: 'slice', start: 1, stop: -1, step: 1 });
    expect(slice()).toEqual({ kind: 'slice', start: null, stop: null, step: 1 });
  });

  it('refuses fractions and a step of 0', () => {
    expect(() => slice(0.5)).toThrow(ValueError);
    expect(() => slice(0, 1, 0)).toThrow('step must be a whole number other than 0, got 0');
  });
});

describe('indexPut', () => {
  for (const { from, index, given, put, added } of fixture.writes) {
    it(`writes [${from.join(', ')}] at ${JSON.stringify(index)} as NumPy does`, () => {
      const x = filled(from).cast('float64');
      const indices = index.map(decode);
      const values = boxed(given, 'float64');
      expect(boxOf(indexPut(x, indices, values))).toEqual(put);
      expect(boxOf(indexPut(x, indices, values, { accumulate: true }))).toEqual(added);
      expect(x.equal(filled(from).cast('float64'))).toBe(true);
    });
  }

  for (const { from, index, given, put } of fixture.writes.filter(({ index }) => !hasMask(index))) {
    it(`records a write of [${from.join(', ')}] at ${JSON.stringify(index)}`, () => {
      const values = boxed(given, 'float64');
      const written = replay(filled(from).cast('float64'), (x) => indexPut(x, index.map(decode), values));
      expect(boxOf(written)).toEqual(put);
    });
  }

  it('keeps values of elements that are not finite apart', () => {
    const x = tensor([NaN, 1, Infinity]);
    expect(indexPut(x, [[0, 0]], tensor([Infinity, 5])).toArray()).toEqual([5, 1, Infinity]);
  });

  it('refuses values that do not fit', () => {
    expect(() => indexPut(zeros([3]), [[0, 1]], zeros([3]))).toThrow(ShapeError);
    expect(() => indexPut(zeros([3]), [[0, 1]], zeros([2, 2]))).toThrow(
      'indexPut(): the values must broadcast to what the indices pick, got [2, 2] and [2].',
    );
    expect(() => indexPut(zeros([3]), [[0]], zeros([1], { dtype: 'int32' }))).toThrow(DTypeError);
  });
});

describe('take', () => {
  const x = filled([2, 3]);

  it('replaces the axis by the axes of the indices', () => {
    const indices = tensor([[2], [-3]], { dtype: 'int32' });
    expect(take(x, indices, 1).toArray()).toEqual([
      [[2], [0]],
      [[5], [3]],
    ]);
    expect(x.take(tensor(1, { dtype: 'int32' }), 0).toArray()).toEqual([3, 4, 5]);
  });

  it('flattens without an axis', () => {
    expect(take(x, tensor([5, -6], { dtype: 'int32' })).toArray()).toEqual([5, 0]);
  });

  it('refuses other indices', () => {
    expect(() => take(x, tensor([0]), 0)).toThrow(DTypeError);
    expect(() => take(x, tensor([3], { dtype: 'int32' }), 1)).toThrow(
      'take(): index out of range, got 3 for axis 1 of size 3.',
    );
  });
});

describe('takeAlongAxis and scatterAdd', () => {
  for (const { x, axis, indices, source, gathered, added } of fixture.along) {
    it(`give torch's gather and scatter_add of [${x.shape.join(', ')}] along ${axis} at [${indices.shape.join(', ')}]`, () => {
      const input = boxed(x);
      const places = boxed(indices, 'int32');
      expect(boxOf(takeAlongAxis(input, places, axis))).toEqual(gathered);
      expect(boxOf(takeAlongAxis(strided(input), places, axis - x.shape.length))).toEqual(gathered);
      expect(boxOf(scatterAdd(input, axis, places, boxed(source)))).toEqual(added);
      const fromEnd = places.sub(x.shape[axis]!);
      expect(boxOf(takeAlongAxis(input, fromEnd, axis))).toEqual(gathered);
      expect(boxOf(scatterAdd(input, axis, fromEnd, boxed(source)))).toEqual(added);
      expect(boxOf(replay(input, (value) => takeAlongAxis(value, places, axis)))).toEqual(gathered);
      expect(boxOf(replay(input, (value) => scatterAdd(value, axis, places, boxed(source))))).toEqual(added);
    });
  }

  it('name the index or shape that does not fit', () => {
    const x = zeros([2, 3]);
    const int = (values: TensorData): Tensor => tensor(values, { dtype: 'int32' });
    expect(() => takeAlongAxis(x, int([[3]]), 1)).toThrow(
      new IndexError('takeAlongAxis(): index out of range, got 3 for axis 1 of size 3.'),
    );
    expect(() => takeAlongAxis(x, int([0]), 1)).toThrow(ShapeError);
    expect(() => takeAlongAxis(x, int([[0], [0], [0]]), 1)).toThrow(
      'no longer on any but axis 1, got [3, 1] for [2, 3]',
    );
    expect(() => scatterAdd(x, 1, int([[-4]]), zeros([1, 1]))).toThrow(IndexError);
    expect(() => scatterAdd(x, 1, int([[0, 0]]), zeros([1, 1]))).toThrow('with a source of [1, 1]');
    expect(() => scatterAdd(x, 1, int([[0]]), zeros([1, 1], { dtype: 'float64' }))).toThrow(DTypeError);
  });
});

describe('oneHot', () => {
  it('adds an axis of classes', () => {
    const classes = tensor(
      [
        [0, 2],
        [1, 1],
      ],
      { dtype: 'uint8' },
    );
    expect(oneHot(classes, 3, 'bool').toArray()).toEqual([
      [
        [true, false, false],
        [false, false, true],
      ],
      [
        [false, true, false],
        [false, true, false],
      ],
    ]);
  });

  it('refuses classes out of range', () => {
    expect(() => oneHot(tensor([1, 3], { dtype: 'int32' }), 3)).toThrow(
      new IndexError('oneHot(): class out of range, got 3 for 3 classes counted from 0.'),
    );
    expect(() => oneHot(tensor([1]), 3)).toThrow(DTypeError);
  });
});

describe('maskedSelect and nonzero', () => {
  it('select what a mask that broadcasts names', () => {
    const x = filled([2, 3]);
    expect(maskedSelect(x, tensor([[true], [false]])).toArray()).toEqual([0, 1, 2]);
    expect(maskedSelect(x.T, tensor([false, true])).toArray()).toEqual([3, 4, 5]);
    expect(maskedSelect(tensor(5), tensor([true, true])).toArray()).toEqual([5, 5]);
  });

  it('list coordinates in row-major order', () => {
    const x = tensor([
      [0, NaN, 0],
      [-1, 0, 2],
    ]);
    expect(nonzero(x).toArray()).toEqual([
      [0, 1],
      [1, 0],
      [1, 2],
    ]);
    expect(nonzero(x.T).toArray()).toEqual([
      [0, 1],
      [1, 0],
      [2, 1],
    ]);
    expect(nonzero(zeros([2, 0])).shape).toEqual([0, 2]);
    expect(nonzero(tensor(3)).shape).toEqual([1, 0]);
  });

  it('cannot be recorded', () => {
    expect(() => replay(zeros([2]), (x) => x.nonzero())).toThrow(ProgramError);
    expect(() => replay(zeros([2]), (x) => x.maskedSelect(x.gt(0)))).toThrow('Use where() or maskedFill()');
  });
});

describe('errors of indexPut', () => {
  it.each([
    [() => indexPut(zeros([2]), [5], 1), 'indexPut(): index out of range, got 5 for axis 0 of size 2'],
    [() => indexPut(zeros([2]), [0, 0], 1), 'indexPut(): too many indices, got 2 for shape [2]'],
    [() => indexPut(zeros([2]), [tensor([7], { dtype: 'int32' })], 1), 'indexPut(): '],
  ])('name it (%#)', (act, message) => {
    expect(act).toThrow(message);
  });
});
