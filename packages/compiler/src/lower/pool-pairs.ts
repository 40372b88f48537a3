import type { PoolAttributes } from '@nadir/tensor';
import { f32x4, i32, i8x16, v128, type Expression, type FunctionBuilder, type Local } from '@nadir/wasm';
import { choose } from './vector-math.ts';

type Vector = Expression<'v128'>;
type Value = Local<'v128'>;
type Pointer = Local<'i32'>;

/** Whether windows are two by two side by side: then four of them are two vectors of each of two rows. */
export function isPairs({ kernel, stride, dilation }: PoolAttributes): boolean {
  return (
    [kernel[0], kernel[1], stride[0], stride[1]].every((size) => size === 2) &&
    dilation.every((gap) => gap === 1)
  );
}

const lanes = (...starts: readonly number[]): number[] =>
  starts.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]);
const evenLanes = lanes(0, 2, 4, 6);
const oddLanes = lanes(1, 3, 5, 7);
const lowPairs = lanes(0, 4, 1, 5);
const highPairs = lanes(2, 6, 3, 7);

/** The four taps of four windows whose first elements lie at `first`, eight bytes apart; tap order is row-major. */
function loadTaps(
  f: FunctionBuilder,
  first: Pointer,
  rowBytes: number,
): readonly [Value, Value, Value, Value] {
  const taps = [0, rowBytes].flatMap((row) => {
    const left = f.let(v128.load(first, row, 4));
    const right = f.let(v128.load(first, row + 16, 4));
    return [f.let(i8x16.shuffle(left, right, evenLanes)), f.let(i8x16.shuffle(left, right, oddLanes))];
  });
  return taps as unknown as readonly [Value, Value, Value, Value];
}

/** The greatest of each window, NaN being greatest. */
export function pairsMax(f: FunctionBuilder, first: Pointer, rowBytes: number): Vector {
  const [a, b, c, d] = loadTaps(f, first, rowBytes);
  return f32x4.max(f32x4.max(a, b), f32x4.max(c, d));
}

/** For taps 1, 2 and 3 where they beat all before them: greater, or the first NaN. */
function winners(f: FunctionBuilder, first: Pointer, rowBytes: number): readonly [Value, Value, Value] {
  const [a, ...rest] = loadTaps(f, first, rowBytes);
  let best = a;
  const masks = rest.map((tap) => {
    const isFirstNaN = v128.and(f32x4.ne(tap, tap), f32x4.eq(best, best));
    const wins = f.let(v128.or(f32x4.gt(tap, best), isFirstNaN));
    best = f.let(choose(wins, tap, best));
    return wins;
  });
  return masks as unknown as readonly [Value, Value, Value];
}

/** What lies at `other`, of the shape of the image, where the greatest of each window is. */
export function pairsGather(f: FunctionBuilder, first: Pointer, other: Pointer, rowBytes: number): Vector {
  const [b, c, d] = winners(f, first, rowBytes);
  const [w, x, y, z] = loadTaps(f, other, rowBytes);
  return choose(d, z, choose(c, y, choose(b, x, w)));
}

/** Stores the gradients of four windows at their greatest elements and zeros at the others: no two windows overlap. */
export function pairsScatter(
  f: FunctionBuilder,
  first: Pointer,
  gradient: Pointer,
  target: Pointer,
  rowBytes: number,
): void {
  const [b, c, d] = winners(f, first, rowBytes);
  const g = f.let(v128.load(gradient, 0, 4));
  // The last tap that won is the greatest.
  const last = f.let(v128.and(g, d));
  const third = f.let(v128.andnot(v128.and(g, c), d));
  const later = f.let(v128.or(c, d));
  const second = f.let(v128.andnot(v128.and(g, b), later));
  const head = f.let(v128.andnot(g, v128.or(b, later)));
  for (const [row, left, right] of [
    [0, head, second],
    [rowBytes, third, last],
  ] as const) {
    f.do(
      v128.store(target, i8x16.shuffle(left, right, lowPairs), row, 4),
      v128.store(target, i8x16.shuffle(left, right, highPairs), row + 16, 4),
    );
  }
}

/** Emits turns of four windows while there are four, counting `column` up. */
export function fourAtATime(f: FunctionBuilder, column: Pointer, count: number, body: () => void): void {
  f.while(i32.leS(column, count - 4), () => {
    body();
    f.set(column, i32.add(column, 4));
  });
}
