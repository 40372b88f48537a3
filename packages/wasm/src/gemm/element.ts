import type { Expression, Local, Operand } from '../expression.ts';
import { f32, f32x4, f64, f64x2, i8x16, v128 } from '../instructions/index.ts';

type Address = Operand<'i32'>;
type Vector = Expression<'v128'>;

/** What the generators need to know of a float type: its vectors and its scalars. */
export interface Element {
  readonly name: 'f32' | 'f64';
  /** Bytes an element. */
  readonly size: 4 | 8;
  /** Elements a 128-bit vector. */
  readonly lanes: 4 | 2;
  readonly zero: Vector;
  readonly loadSplat: (address: Address, offset: number) => Vector;
  readonly add: (a: Vector, b: Vector) => Vector;
  /** a · b + c with one rounding or two, as the machine has it. */
  readonly relaxedMadd: (a: Vector, b: Vector, c: Vector) => Vector;
  /** a · b + c with two roundings. */
  readonly mulAdd: (a: Vector, b: Vector, c: Vector) => Vector;
  /** Copies one element from address to address. */
  readonly copy: (target: Address, source: Address, targetOffset?: number) => Expression<'void'>;
  /** Adds the element at `source` to the one at `target`. */
  readonly accumulate: (target: Local<'i32'>, source: Address) => Expression<'void'>;
  /** The transpose of `lanes` vectors of `lanes` elements. */
  readonly transpose: (rows: readonly Local<'v128'>[]) => readonly Vector[];
}

/** Interleaves units of `bytes` bytes of the low or the high halves of two vectors. */
function interleave(a: Vector, b: Vector, half: 'low' | 'high', bytes: 4 | 8): Vector {
  const start = half === 'low' ? 0 : 8;
  const lanes: number[] = [];
  for (let unit = 0; unit < 8; unit += bytes) {
    for (const base of [0, 16])
      for (let byte = 0; byte < bytes; byte++) lanes.push(base + start + unit + byte);
  }
  return i8x16.shuffle(a, b, lanes);
}

/** Float32 in vectors of four. */
export const FLOAT32: Element = {
  name: 'f32',
  size: 4,
  lanes: 4,
  zero: f32x4.const(0),
  loadSplat: (address, offset) => v128.load32Splat(address, offset),
  add: f32x4.add,
  relaxedMadd: f32x4.relaxedMadd,
  mulAdd: (a, b, c) => f32x4.add(f32x4.mul(a, b), c),
  copy: (target, source, offset) => f32.store(target, f32.load(source), offset),
  accumulate: (target, source) => f32.store(target, f32.add(f32.load(target), f32.load(source))),
  transpose: (rows) => {
    const [a, b, c, d] = rows as unknown as readonly [Vector, Vector, Vector, Vector];
    const [abLow, cdLow] = [interleave(a, b, 'low', 4), interleave(c, d, 'low', 4)];
    const [abHigh, cdHigh] = [interleave(a, b, 'high', 4), interleave(c, d, 'high', 4)];
    return [
      interleave(abLow, cdLow, 'low', 8),
      interleave(abLow, cdLow, 'high', 8),
      interleave(abHigh, cdHigh, 'low', 8),
      interleave(abHigh, cdHigh, 'high', 8),
    ];
  },
};

/** Float64 in vectors of two. */
export const FLOAT64: Element = {
  name: 'f64',
  size: 8,
  lanes: 2,
  zero: f64x2.const(0),
  loadSplat: (address, offset) => v128.load64Splat(address, offset),
  add: f64x2.add,
  relaxedMadd: f64x2.relaxedMadd,
  mulAdd: (a, b, c) => f64x2.add(f64x2.mul(a, b), c),
  copy: (target, source, offset) => f64.store(target, f64.load(source), offset),
  accumulate: (target, source) => f64.store(target, f64.add(f64.load(target), f64.load(source))),
  transpose: (rows) => {
    const [a, b] = rows as unknown as readonly [Vector, Vector];
    return [interleave(a, b, 'low', 8), interleave(a, b, 'high', 8)];
  },
};

/** The transpose of as many vectors as a vector has lanes. */
export function transposeLanes(type: 'f32' | 'f64', rows: readonly Local<'v128'>[]): readonly Vector[] {
  return (type === 'f32' ? FLOAT32 : FLOAT64).transpose(rows);
}
