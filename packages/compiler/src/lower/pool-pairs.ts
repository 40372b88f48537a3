import type { PoolAttributes } from '@nadir/tensor';
import { f32x4, i32, i8x16, v128, type Expression, type FunctionBuilder, type Local } from '@nadir/wasm';
import { choose } from './vector-math.ts';

type Vector = Expression<'v128'>;
type Value = Local<'v128'>;

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

/** An address, and a constant that loads and stores add for nothing. */
export interface Place {
  readonly base: Local<'i32'>;
  readonly offset: number;
}

/** The four taps of four windows whose first elements lie at `first`, eight bytes apart; tap order is row-major. */
function loadTaps(
  f: FunctionBuilder,
  { base, offset }: Place,
  rowBytes: number,
): readonly [Value, Value, Value, Value] {
  const taps = [offset, offset + rowBytes].flatMap((row) => {
    const left = f.let(v128.load(base, row, 4));
    const right = f.let(v128.load(base, row + 16, 4));
    return [f.let(i8x16.shuffle(left, right, evenLanes)), f.let(i8x16.shuffle(left, right, oddLanes))];
  });
  return taps as unknown as readonly [Value, Value, Value, Value];
}

/** Where a tap beats the best before it: it is greater, or the first NaN. */
export function wins(f: FunctionBuilder, tap: Value, best: Value): Value {
  return f.let(v128.andnot(f32x4.eq(best, best), f32x4.le(tap, best)));
}

/** The greatest of each window, NaN being greatest. */
export function pairsMax(f: FunctionBuilder, first: Place, rowBytes: number): Vector {
  const [head, ...rest] = loadTaps(f, first, rowBytes);
  return rest.reduce<Value>((best, tap) => f.let(choose(wins(f, tap, best), tap, best)), head);
}

/** For taps 1, 2 and 3 where they beat all before them. */
function winners(f: FunctionBuilder, first: Place, rowBytes: number): readonly [Value, Value, Value] {
  const [head, ...rest] = loadTaps(f, first, rowBytes);
  let best = head;
  const masks = rest.map((tap) => {
    const mask = wins(f, tap, best);
    best = f.let(choose(mask, tap, best));
    return mask;
  });
  return masks as unknown as readonly [Value, Value, Value];
}

/** What lies at `other`, of the shape of the image, where the greatest of each window is. */
export function pairsGather(f: FunctionBuilder, first: Place, other: Place, rowBytes: number): Vector {
  const [b, c, d] = winners(f, first, rowBytes);
  const [w, x, y, z] = loadTaps(f, other, rowBytes);
  return choose(d, z, choose(c, y, choose(b, x, w)));
}

/** Stores the gradients of four windows at their greatest elements and zeros at the others: no two windows overlap. */
export function pairsScatter(
  f: FunctionBuilder,
  first: Place,
  gradient: Place,
  target: Place,
  rowBytes: number,
): void {
  const [b, c, d] = winners(f, first, rowBytes);
  const g = f.let(v128.load(gradient.base, gradient.offset, 4));
  // The last tap that won is the greatest.
  const last = f.let(v128.and(g, d));
  const third = f.let(v128.andnot(v128.and(g, c), d));
  const later = f.let(v128.or(c, d));
  const second = f.let(v128.andnot(v128.and(g, b), later));
  const head = f.let(v128.andnot(g, v128.or(b, later)));
  for (const [row, left, right] of [
    [target.offset, head, second],
    [target.offset + rowBytes, third, last],
  ] as const) {
    f.do(
      v128.store(target.base, i8x16.shuffle(left, right, lowPairs), row, 4),
      v128.store(target.base, i8x16.shuffle(left, right, highPairs), row + 16, 4),
    );
  }
}

/** Fours of windows in a row up to which they are written out. */
const mostFours = 8;

/**
 * Emits a row of at least four windows, four at a time; the last four go back over windows that are done where four do not divide
 * the row. `rows` begin at the first element of the first window, `out` at its result.
 */
export function eachFour(
  f: FunctionBuilder,
  count: number,
  rows: readonly [Local<'i32'>, Local<'i32'>],
  out: Local<'i32'>,
  body: (windows: readonly [Place, Place], out: Place) => void,
): void {
  const fours = Math.floor(count / 4);
  const [first, second, result] = [...rows, out] as const;
  const at = (pointers: readonly [Local<'i32'>, Local<'i32'>, Local<'i32'>], window: number): void => {
    const [base, other, to] = pointers;
    body(
      [
        { base, offset: 8 * window },
        { base: other, offset: 8 * window },
      ],
      { base: to, offset: 4 * window },
    );
  };
  const whole = [first, second, result] as const;
  if (fours <= mostFours) {
    for (let four = 0; four < fours; four++) at(whole, 4 * four);
  } else {
    const moved = [f.let(first), f.let(second), f.let(result)] as const;
    const end = f.let(i32.add(result, 16 * fours));
    f.while(i32.ltU(moved[2], end), () => {
      at(moved, 0);
      f.set(moved[0], i32.add(moved[0], 32));
      f.set(moved[1], i32.add(moved[1], 32));
      f.set(moved[2], i32.add(moved[2], 16));
    });
  }
  if (count % 4 > 0) at(whole, count - 4);
}
