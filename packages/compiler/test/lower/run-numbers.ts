import { record, tensor, type DType, type Shape, type Tensor } from '@nadir/tensor';
import { wasmExecutor } from '../../src/index.ts';

/** The results of a body on numbers of a shape, as the executor computes them. */
export function run(
  shape: Shape,
  dtype: DType,
  numbers: readonly number[],
  body: (x: Tensor) => Tensor[],
): number[][] {
  const { program, state } = record([{ shape, dtype }], (x) => body(x!));
  const loaded = wasmExecutor.load(program);
  const results = loaded.run([tensor(numbers, { dtype }).reshape(shape)], state);
  loaded.dispose();
  return results.map((result) => [...(result.data as Float32Array)]);
}

/** Whole numbers from −4 to 4, different in every row: sums are exact in any order. */
export const sample = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => ((i * 7 + (i >> 3)) % 9) - 4);
