import { PhiloxGenerator } from '@nadir/random';
import {
  apply,
  eagerExecutor,
  none,
  record,
  sizeOf,
  tensor,
  verifyProgram,
  type PrimitiveName,
  type Shape,
  type Tensor,
  type ValueType,
} from '@nadir/tensor';
import { differenceOf, sampleTensor, tolerances } from '@nadir/tensor/testing';
import { expect, it } from 'vitest';
import { createWasmExecutor, simplify } from '../src/index.ts';

/** Random choices of one program. */
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
}

const unary: readonly PrimitiveName[] = [
  'neg',
  'abs',
  'sign',
  'floor',
  'exp',
  'tanh',
  'sigmoid',
  'erf',
  'sin',
  'cos',
];
const binary: readonly PrimitiveName[] = ['add', 'sub', 'mul', 'maximum', 'minimum'];
const reductions = ['sum', 'max', 'min'] as const;

function factor(dice: Dice, size: number): Shape {
  const divisors = Array.from({ length: size }, (_, i) => i + 1).filter((d) => size % d === 0);
  const first = dice.pick(divisors);
  return dice.below(2) === 0 ? [first, size / first] : [size / first, 1, first];
}

/** Keeps values small: chains of exp and mul would leave the range where tolerances mean anything. */
const tame = (x: Tensor): Tensor => x.tanh();

/** What follows from folds of rows: a softmax, a normalization, or how far an element is from the extremes of its row. */
function rowPattern(dice: Dice, x: Tensor): Tensor {
  if (x.size === 0) return x;
  const axes = x.shape.map((_, i) => i).filter((axis) => axis === x.rank - 1 || dice.below(3) === 0);
  const keep = { keepDims: true };
  switch (dice.below(4)) {
    case 0: {
      const weights = x.sub(x.amax(axes, keep)).exp();
      return weights.div(weights.sum(axes, keep));
    }
    case 1: {
      const centered = x.sub(x.mean(axes, keep));
      return centered.div(centered.square().mean(axes, keep).add(0.5).sqrt());
    }
    case 2: {
      const shifted = x.sub(x.amin(axes, keep));
      return shifted.mul(shifted.lt(shifted.mean(axes, keep)).cast(x.dtype));
    }
    default:
      return x.exp().sum(axes, keep).log().sub(x.mean(axes, keep));
  }
}

function step(dice: Dice, pool: Tensor[], state: Tensor[], most: number): Tensor {
  const x = dice.pick(pool);
  const floats = pool.filter((y) => y.dtype === x.dtype && y.shape.join() === x.shape.join());
  const float = x.dtype === 'float32' || x.dtype === 'float64';
  switch (dice.below(17)) {
    case 0:
    case 1:
      if (!float) return apply(dice.pick(['neg', 'abs'] as const), [x.cast('int32')], none);
      return apply(dice.pick(unary) as 'neg', [tame(x)], none);
    case 2:
    case 3: {
      const y = dice.pick(floats);
      if (x.dtype === 'bool') return apply(dice.pick(['and', 'or', 'xor'] as const), [x, y], none);
      return apply(dice.pick(binary) as 'add', [x, y], none);
    }
    case 4:
      return apply(
        dice.pick(['eq', 'lt', 'le'] as const),
        [x.cast('float32').round(), dice.pick(floats).cast('float32').round()],
        none,
      );
    case 5: {
      const y = dice.pick(floats);
      if (x.rank === 0 || x.dtype === 'bool') return apply('where', [x.cast('bool'), x, y], none);
      return apply('where', [apply('lt', [x, y], none), y, x], none);
    }
    case 6:
      return x.cast(dice.pick(['float32', 'float64', 'int32', 'uint8', 'bool'] as const));
    case 7:
      return x.size === 0 ? x : x.reshape(factor(dice, x.size));
    case 8: {
      const axes = x.shape.map((_, i) => i);
      for (let i = axes.length - 1; i > 0; i--) {
        const j = dice.below(i + 1);
        [axes[i], axes[j]] = [axes[j]!, axes[i]!];
      }
      return x.permute(axes);
    }
    case 9: {
      const shape = [
        ...(dice.below(2) === 0 ? [dice.below(4) + 1] : []),
        ...x.shape.map((n) => (n === 1 ? dice.below(5) + 1 : n)),
      ];
      return sizeOf(shape) > most ? x : apply('expand', [x], { shape });
    }
    case 10: {
      const starts = x.shape.map((n) => dice.below(Math.max(1, n)));
      const stops = x.shape.map((n, i) => starts[i]! + dice.below(n - starts[i]! + 1));
      return apply('slice', [x], { starts, stops, steps: x.shape.map(() => dice.below(3) + 1) });
    }
    case 11:
      return apply('flip', [x], { axes: x.shape.map((_, i) => i).filter(() => dice.below(2) === 0) });
    case 12: {
      if (dice.below(2) === 0) {
        const low = x.shape.map(() => dice.below(3));
        const high = x.shape.map(() => dice.below(3));
        const padded = apply('pad', [x], {
          low,
          high,
          interior: x.shape.map(() => dice.below(2)),
          value: x.dtype === 'bool' ? 1 : 2,
        });
        return padded.size > most ? x : padded;
      }
      if (x.rank === 0) return x;
      const joined = apply('concat', [x, dice.pick(floats), x], { axis: dice.below(x.rank) });
      return joined.size > most ? x : joined;
    }
    case 13: {
      // Of long arrays often the first axes, as the gradients of biases are.
      const isDown = x.size > 400 && dice.below(2) === 0;
      const axes = x.shape
        .map((_, i) => i)
        .filter((axis) => (isDown ? axis < x.rank - 1 : dice.below(2) === 0));
      const name = dice.pick(reductions);
      if (name !== 'sum' && axes.some((axis) => x.shape[axis] === 0)) return x;
      const y = x.dtype === 'float32' || x.dtype === 'float64' ? tame(x) : x;
      return apply(name, [y], { axes });
    }
    case 14:
    case 15:
      return float ? rowPattern(dice, tame(x)) : x;
    default: {
      const s = dice.pick(state);
      if (dice.below(2) === 0) {
        const y = pool.findLast((z) => z.dtype === s.dtype && z.shape.join() === s.shape.join());
        if (y !== undefined) s.assign(y.mul(0.5));
      }
      if (x.rank === 2 && float && x.size <= 400) return tame(x).matmul(tame(x).T);
      return s.mul(1);
    }
  }
}

/** The first difference between the executors over one random program, or null. */
function differenceFor(seed: number): string | null {
  const dice = new Dice(seed);
  // One of sixteen is large enough to be cut into chunks.
  const isLarge = seed % 16 === 15;
  const shapes: Shape[] = isLarge
    ? [
        [dice.below(90) + 200, dice.below(90) + 1],
        [dice.below(20) + 1, dice.below(7) + 1, dice.below(300) + 60],
        [dice.below(30000) + 5000],
      ]
    : [
        [dice.below(6)],
        [dice.below(5) + 1, dice.below(9) + 1],
        [dice.below(3) + 1, 1, dice.below(6) + 1],
        [],
      ];
  const types: ValueType[] = Array.from({ length: 3 }, () => ({
    shape: dice.pick(shapes),
    dtype: dice.pick(['float32', 'float32', 'float64', 'int32', 'bool'] as const),
  }));
  const args = types.map(({ shape, dtype }) => sampleTensor(shape, dtype));
  const make = (): Tensor[] => [
    tensor([0.5, -1, 2]),
    sampleTensor([2, 5], 'float32'),
    tensor(3, { dtype: 'float64' }),
  ];
  const state = make();
  const steps = dice.below(14) + 2;
  const { program, state: storages } = record(types, (...inputs) => {
    const pool: Tensor[] = [...inputs, ...state];
    for (let i = 0; i < steps; i++) pool.push(step(dice, pool, state, isLarge ? 60_000 : 400));
    return Array.from({ length: 3 }, () => pool[pool.length - 1 - dice.below(Math.min(5, pool.length))]!);
  });
  const start = storages.map((storage) => storage.read().slice());
  verifyProgram(simplify(program));
  const eager = eagerExecutor.load(program);
  const expected = [eager.run(args, storages), eager.run(args, storages)].flat();
  const after = storages.map((storage) => storage.read().slice());
  storages.forEach((storage, i) => storage.write().set(start[i]! as Float32Array));
  const loaded = createWasmExecutor().load(program);
  const actual = [loaded.run(args, storages), loaded.run(args, storages)].flat();
  loaded.dispose();
  // What came through float32 is as exact as float32, whatever it was cast to.
  const isSingle = program.nodes.some((node) => node.type.dtype === 'float32');
  const difference = (what: string, got: Tensor, want: Tensor): string | null => {
    const bound = tolerances[isSingle && want.dtype === 'float64' ? 'float32' : want.dtype];
    const found = differenceOf(got, want, bound);
    return found === null ? null : `seed ${seed}, ${what}: ${found}`;
  };
  const results = expected.map((want, i) => difference(`result ${i}`, actual[i]!, want));
  const states = storages.map((storage, i) => {
    const got = tensor(storage.read() as Float32Array);
    return difference(`state ${i}`, got, tensor(after[i]! as Float32Array));
  });
  return [...results, ...states].find((found) => found !== null) ?? null;
}

const programs = Number(process.env['NADIR_FUZZ'] ?? 2000);
const batch = 100;

for (let first = 0; first < programs; first += batch) {
  it(`agrees with eager on random programs ${first} to ${first + batch - 1}`, () => {
    for (let seed = first; seed < first + batch; seed++) expect(differenceFor(seed)).toBe(null);
  });
}
