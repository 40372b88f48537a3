import { apply, IndexError, record, tensor, type DType, type Shape, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { wasmExecutor } from '../../src/index.ts';

function run(inputs: readonly Tensor[], body: (...x: readonly Tensor[]) => Tensor[]): number[][] {
  const { program, state } = record(inputs, body);
  const loaded = wasmExecutor.load(program);
  try {
    return loaded.run(inputs, state).map((result) => [...(result.data as Float32Array)]);
  } finally {
    loaded.dispose();
  }
}

const sample = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => ((i * 7 + (i >> 3)) % 19) - 9);
const of = (numbers: readonly number[], shape: Shape, dtype: DType): Tensor =>
  tensor(numbers, { dtype }).reshape(shape);

describe('rows by their numbers', () => {
  // Widths of one element, of less than a vector, of vectors with a rest, and of long copies; all in many chunks but the first.
  for (const [rows, count, width] of [
    [5, 7, 3],
    [50, 9000, 1],
    [50, 9000, 7],
    [40, 3000, 33],
    [30, 100, 1001],
  ] as const) {
    it(`take and add ${count} of ${rows} with ${width} elements`, () => {
      const indices = Array.from({ length: count }, (_, i) => ((i * 13) % (2 * rows)) - rows);
      const numbers = sample(rows * width);
      const updates = sample(count * width);
      const at = (index: number): number => (index < 0 ? index + rows : index);
      for (const dtype of ['float32', 'float64', 'int32'] as const) {
        const [taken, added] = run(
          [
            of(numbers, [rows, width], dtype),
            tensor(indices, { dtype: 'int32' }),
            of(updates, [count, width], dtype),
          ],
          (x, index, update) => [
            x!.take(index!, 0),
            apply('scatterAdd', [index!, update!], { axis: 0, size: rows }),
          ],
        );
        expect(taken).toEqual(indices.flatMap((i) => numbers.slice(at(i) * width, (at(i) + 1) * width)));
        const want = new Array<number>(rows * width).fill(0);
        indices.forEach((index, i) => {
          for (let c = 0; c < width; c++) want[at(index) * width + c]! += updates[i * width + c]!;
        });
        expect(added!.map((value) => value + 0)).toEqual(want);
      }
    });
  }

  it('name the first bad index, wherever it is found', () => {
    const indices = Array.from({ length: 20_000 }, (_, i) => (i === 5000 ? 77 : i === 19_000 ? -99 : i % 9));
    const inputs = [of(sample(90), [9, 10], 'float32'), tensor(indices, { dtype: 'int32' })];
    expect(() => run(inputs, (x, index) => [x!.take(index!, 0)])).toThrow(IndexError);
    expect(() => run(inputs, (x, index) => [x!.take(index!, 0)])).toThrow('got 77 for axis 0 of size 9');
  });
});

describe('the first of the best', () => {
  const firstBest = (xs: readonly number[], sign: number): number => {
    const nan = xs.findIndex(Number.isNaN);
    if (nan >= 0) return nan;
    const best = sign * Math.max(...xs.map((x) => sign * x));
    return xs.indexOf(best);
  };

  for (const dtype of ['float32', 'float64', 'int32'] as const) {
    it(`is found along rows and columns of ${dtype}`, () => {
      for (const [rows, columns] of [
        [3, 8],
        [2, 9],
        [5, 62],
        [70, 1003],
        [1003, 70],
        [9, 5],
      ] as const) {
        const numbers = sample(rows * columns);
        if (dtype !== 'int32') {
          numbers[columns + 1] = NaN;
          numbers[columns + 3] = NaN;
        }
        const x = of(numbers, [rows, columns], dtype);
        const [most, least, mostDown, leastDown] = run([x], (y) => [
          y!.argmax(1),
          y!.argmin(1),
          y!.argmax(0),
          y!.argmin(0),
        ]);
        const lines = Array.from({ length: rows }, (_, r) => numbers.slice(r * columns, (r + 1) * columns));
        const down = Array.from({ length: columns }, (_, c) => lines.map((line) => line[c]!));
        expect(most).toEqual(lines.map((line) => firstBest(line, 1)));
        expect(least).toEqual(lines.map((line) => firstBest(line, -1)));
        expect(mostDown).toEqual(down.map((line) => firstBest(line, 1)));
        expect(leastDown).toEqual(down.map((line) => firstBest(line, -1)));
      }
    });
  }

  it('is the first where all are infinite', () => {
    const x = tensor(new Array<number>(13).fill(-Infinity)).reshape([1, 13]);
    expect(run([x], (y) => [y!.argmax(1), y!.neg().argmin(1)])).toEqual([[0], [0]]);
  });
});
