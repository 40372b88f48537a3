import { record, tensor, zeros, type Tensor } from '@nadir/tensor';
import { expect, it } from 'vitest';
import { createWasmExecutor } from '../src/index.ts';

const executor = createWasmExecutor();

function load(body: (x: Tensor) => Tensor[]) {
  const { program, state } = record([{ shape: [2], dtype: 'float32' }], (x) => body(x!));
  const loaded = executor.load(program);
  return {
    dispose: () => loaded.dispose(),
    run: (...values: number[]): number[][] =>
      loaded.run([tensor(values)], state).map((result) => Array.from(result.data)),
  };
}

it('gives equal programs state of their own, also after one of them is gone', () => {
  const adders = [tensor([1, 2]), tensor([10, 20]), tensor([100, 200])].map((w) =>
    load((x) => {
      w.assign(w.add(x));
      return [w];
    }),
  );
  for (const turn of [1, 2]) {
    expect(adders.map(({ run }) => run(1, 1))).toEqual([
      [[1 + turn, 2 + turn]],
      [[10 + turn, 20 + turn]],
      [[100 + turn, 200 + turn]],
    ]);
  }
  adders[0]!.dispose();
  expect(adders[1]!.run(1, 1)).toEqual([[13, 23]]);
});

it('does not take programs for equal whose constants differ, however they are written', () => {
  const constants = [NaN, Infinity, -Infinity, 0, -0, 1, 2, 3, 4, 5, 6, 7];
  for (const _ of [1, 2]) {
    for (const constant of constants) {
      const { run, dispose } = load((x) => [zeros([2]).add(constant).mul(x)]);
      expect(run(1, -1)).toEqual([[0 + constant, -(0 + constant)]]);
      dispose();
      const negative = load((x) => [x.div(tensor([1, 1]).mul(constant))]);
      expect(negative.run(1, 1)).toEqual([[1 / constant, 1 / constant].map(Math.fround)]);
      negative.dispose();
    }
  }
});
