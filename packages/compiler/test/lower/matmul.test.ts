import { PhiloxGenerator } from '@nadir/random';
import {
  apply,
  eagerExecutor,
  maximum,
  record,
  tensor,
  where,
  type Shape,
  type Tensor,
  type ValueType,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { createWasmExecutor } from '../../src/index.ts';

type Float = 'float32' | 'float64';

/** Random choices of one case. */
class Dice {
  readonly #generator: PhiloxGenerator;
  constructor(seed: number) {
    this.#generator = new PhiloxGenerator({ seed });
  }
  below(n: number): number {
    return Math.floor(this.#generator.uniform53() * n);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
  /** Small integers: their products and sums are exact in every order of summation. */
  integers(shape: Shape, dtype: Float): Tensor {
    const size = shape.reduce((product, n) => product * n, 1);
    const Float = dtype === 'float32' ? Float32Array : Float64Array;
    return tensor(Float.from(Array.from({ length: size }, () => this.below(9) - 4))).reshape([...shape]);
  }
}

/** What a program gives, and its states, by both executors; the states are what they were before. */
function both(
  args: readonly Tensor[],
  body: (...x: readonly Tensor[]) => Tensor[],
): { readonly got: number[][]; readonly want: number[][] } {
  const types = args.map(({ shape, dtype }): ValueType => ({ shape, dtype }));
  const { program, state } = record(types, body);
  const start = state.map((storage) => storage.read().slice());
  // A sum that begins with 0 is never −0.
  const valuesOf = (results: readonly Tensor[]): number[][] =>
    [...results.map((result) => result.data), ...state.map((storage) => storage.read())].map((values) =>
      Array.from(values, (value) => Number(value) + 0),
    );
  const want = valuesOf(eagerExecutor.load(program).run(args, state));
  state.forEach((storage, i) => storage.write().set(start[i]! as Float32Array));
  const loaded = createWasmExecutor().load(program);
  const got = valuesOf(loaded.run(args, state));
  loaded.dispose();
  return { got, want };
}

// Around whole tiles, panels and blocks, and sizes that several chunks share.
const rowCounts = [2, 5, 6, 7, 12, 13, 24, 47, 64, 97, 193, 260];
const columnCounts = [2, 3, 7, 8, 9, 16, 23, 33, 64, 65, 130, 520];
const depths = [1, 2, 3, 31, 64, 255, 256, 257, 600, 1024, 1300];

/** An operand of some shape through a view: as it is, transposed, with gaps, backwards, or repeated along an axis. */
function operand(dice: Dice, shape: Shape, dtype: Float): { readonly base: Tensor; view(x: Tensor): Tensor } {
  const rank = shape.length;
  const rows = shape.slice(0, -2);
  const [m, n] = shape.slice(-2) as [number, number];
  switch (dice.below(7)) {
    case 0:
    case 1:
      return { base: dice.integers([...rows, n, m], dtype), view: (x) => x.transpose(-1, -2) };
    case 2: {
      const starts = shape.map(() => 0);
      const wide = [...rows, m, 2 * n + 1];
      const steps = shape.map((_, i) => (i === rank - 1 ? 2 : 1));
      return {
        base: dice.integers(wide, dtype),
        view: (x) => apply('slice', [x], { starts, stops: [...rows, m, 2 * n], steps }),
      };
    }
    case 3:
      return { base: dice.integers(shape, dtype), view: (x) => x.flip([dice.below(rank)]) };
    case 4:
      return { base: dice.integers([...rows, 1, n], dtype), view: (x) => apply('expand', [x], { shape }) };
    default:
      return { base: dice.integers(shape, dtype), view: (x) => x };
  }
}

/** What a program computes from a product c [.., m, n]. */
function epilogue(dice: Dice, c: Tensor, extra: { bias: Tensor; side: Tensor; state: Tensor }): Tensor[] {
  const { bias, side, state } = extra;
  switch (dice.below(9)) {
    case 0:
      return [c];
    case 1: {
      const z = c.add(bias);
      return [z, maximum(z, 0)];
    }
    case 2:
      return [where(side.le(0), 0, c).mul(2)];
    case 3:
      return [c.transpose(-1, -2).mul(3)];
    case 4:
      state.assign(state.mul(2).add(c));
      return [];
    case 5:
      state.assign(state.sub(c.mul(0.5)));
      return [c.sum(-1), side.add(state)];
    case 6: {
      const axes = c.shape.map((_, i) => i);
      return [c.permute([...axes.slice(0, -2).reverse(), ...axes.slice(-2)]).mul(1), c.mul(side)];
    }
    case 7:
      return [c.add(side).add(bias).abs(), c.neg()];
    default:
      return [c.reshape([c.size]).mul(2), apply('max', [c], { axes: [c.rank - 1] })];
  }
}

function checkCase(seed: number): void {
  const dice = new Dice(seed);
  const dtype: Float = dice.below(4) === 0 ? 'float64' : 'float32';
  const batch = dice.pick([[], [], [], [3], [2, 2], [40]]);
  const small = batch.length > 0;
  const m = dice.pick(small ? rowCounts.slice(0, 8) : rowCounts);
  const n = dice.pick(small ? columnCounts.slice(0, 9) : columnCounts);
  const k = dice.pick(small ? depths.slice(0, 6) : depths);
  const shared = small && dice.below(3) === 0;
  const a = operand(dice, [...batch, m, k], dtype);
  const b = operand(dice, [...(shared ? [] : batch), k, n], dtype);
  const bias = dice.integers([n], dtype);
  const side = dice.integers([...batch, m, n], dtype);
  const state = dice.integers([...batch, m, n], dtype);
  const { got, want } = both([a.base, b.base, bias, side], (x, y, z, w) =>
    epilogue(dice, a.view(x!).matmul(b.view(y!)), { bias: z!, side: w!, state }),
  );
  expect(got, `seed ${seed}: ${dtype} [${batch.join()}] ${m}x${k}x${n}`).toEqual(want);
}

const cases = Number(process.env['NADIR_FUZZ'] ?? 2000) / 5;

describe('products', () => {
  for (let first = 0; first < cases; first += 50) {
    it(`are exact where eager's are, through random layouts and epilogues ${first} to ${first + 49}`, () => {
      for (let seed = first; seed < first + 50; seed++) checkCase(seed);
    });
  }

  it('give every element bits that depend on the depth alone', () => {
    const dice = new Dice(1);
    const real = (shape: Shape): Tensor => dice.integers(shape, 'float32').mul(0.1).sin();
    const rows = (x: Tensor, from: number, to: number): Tensor =>
      apply('slice', [x], { starts: [from, 0], stops: [to, x.shape[1]!], steps: [1, 1] });
    for (const k of [40, 300, 1000]) {
      const [x, w] = [real([200, k]), real([k, 136])];
      const { got: whole } = both([x, w], (a, b) => [a!.matmul(b!)]);
      const { got: part } = both([x, w], (a, b) => [rows(a!, 3, 40).matmul(rows(b!.T, 5, 29).T)]);
      const { got: across } = both([x, w], (a, b) => [b!.T.matmul(a!.T)]);
      for (let i = 0; i < 37; i++)
        for (let j = 0; j < 24; j++) expect(part[0]![i * 24 + j]).toBe(whole[0]![(i + 3) * 136 + j + 5]);
      for (let i = 0; i < 200; i++)
        for (let j = 0; j < 136; j++) expect(across[0]![j * 200 + i]).toBe(whole[0]![i * 136 + j]);
    }
  });

  it('keep NaN and infinities to their rows and columns', () => {
    const dice = new Dice(2);
    const [m, k, n] = [50, 300, 41];
    const a = dice.integers([m, k], 'float32').data.slice();
    const b = dice.integers([k, n], 'float32').data.slice();
    a[7 * k + 280] = NaN;
    a[49 * k + 1] = Infinity;
    b[299 * n + 40] = -Infinity;
    const args = [tensor(a as Float32Array).reshape([m, k]), tensor(b as Float32Array).reshape([k, n])];
    const { got, want } = both(args, (x, y) => [x!.matmul(y!).add(1)]);
    expect(got).toEqual(want);
    expect(got[0]!.filter((value) => Number.isNaN(value)).length).toBeGreaterThanOrEqual(n);
    const { got: across } = both(args, (x, y) => [x!.matmul(y!).T.mul(2)]);
    expect(across[0]!.filter((value) => !Number.isFinite(value)).length).toBe(
      got[0]!.filter((value) => !Number.isFinite(value)).length,
    );
  });

  it('without depth are zeros', () => {
    const { got } = both(
      [tensor(new Float32Array(0)).reshape([70, 0]), tensor(new Float32Array(0)).reshape([0, 90])],
      (a, b) => [a!.matmul(b!).add(2)],
    );
    expect(got[0]).toEqual(new Array(6300).fill(2));
  });
});
