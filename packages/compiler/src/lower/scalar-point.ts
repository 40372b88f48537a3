import type { DType } from '@nadir/tensor';
import { f32, f32x4, f64, i32, select, type Expression, type FunctionBuilder, type Local } from '@nadir/wasm';
import type { Element, PointName } from '../kernel.ts';
import { signOf, type ScalarMath } from './scalar-math.ts';
import { vectorPoint } from './vector-point.ts';

/** A scalar of any type that elements have: f32, f64, or i32 for the three others. */
export type Scalar = Local<'f32'> | Local<'f64'> | Local<'i32'>;
type Point = Extract<Element, { kind: 'point' }>;

/** The WebAssembly type that holds an element. */
export function scalarType(dtype: DType): 'f32' | 'f64' | 'i32' {
  return dtype === 'float32' ? 'f32' : dtype === 'float64' ? 'f64' : 'i32';
}

function float64Point(
  f: FunctionBuilder,
  math: ScalarMath,
  name: PointName,
  x: Local<'f64'>,
  y: Local<'f64'>,
): Expression<'f64'> {
  switch (name) {
    case 'neg':
      return f64.neg(x);
    case 'abs':
      return f64.abs(x);
    case 'sign':
      return signOf(f, x);
    case 'floor':
      return f64.floor(x);
    case 'ceil':
      return f64.ceil(x);
    case 'round':
      return f64.nearest(x);
    case 'trunc':
      return f64.trunc(x);
    case 'sqrt':
      return f64.sqrt(x);
    case 'exp':
    case 'expm1':
    case 'log':
    case 'log1p':
    case 'sin':
    case 'cos':
    case 'tanh':
    case 'erf':
      return math.unary(name, x);
    case 'sigmoid': {
      const e = f.let(math.unary('exp', f64.neg(f64.abs(x))));
      return f64.div(select(f64.lt(x, 0), e, f64.const(1)), f64.add(1, e));
    }
    case 'add':
      return f64.add(x, y);
    case 'sub':
      return f64.sub(x, y);
    case 'mul':
      return f64.mul(x, y);
    case 'div':
      return f64.div(x, y);
    case 'maximum':
      return f64.max(x, y);
    case 'minimum':
      return f64.min(x, y);
    case 'pow':
    case 'atan2':
    case 'remainder':
      return math.binary(name, x, y);
    default:
      throw new Error(`lower(): ${name} of float64 has no scalar form.`);
  }
}

/** Wrapping power; a negative exponent gives the truncated reciprocal. */
function integerPower(f: FunctionBuilder, base: Local<'i32'>, exponent: Local<'i32'>): Expression<'i32'> {
  const result = f.let(i32.const(1));
  f.if(
    i32.ltS(exponent, 0),
    () => {
      const odd = select(i32.and(exponent, 1), i32.const(-1), i32.const(1));
      f.set(result, select(i32.eq(base, -1), odd, i32.eq(base, 1)));
    },
    () => {
      const b = f.let(base);
      const e = f.let(exponent);
      f.while(i32.gtS(e, 0), () => {
        f.if(i32.and(e, 1), () => f.set(result, i32.mul(result, b)));
        f.set(b, i32.mul(b, b));
        f.set(e, i32.shrU(e, 1));
      });
    },
  );
  return result;
}

/** A division by 0 gives 0, and −2³¹ / −1 wraps: neither may trap. */
function integerDivision(
  f: FunctionBuilder,
  x: Local<'i32'>,
  y: Local<'i32'>,
  remainder: boolean,
): Expression<'i32'> {
  const result = f.let(i32.const(0));
  f.if(
    i32.eq(y, -1),
    () => {
      if (!remainder) f.set(result, i32.sub(0, x));
    },
    () => {
      f.if(y, () => {
        if (!remainder) f.set(result, i32.divS(x, y));
        else {
          f.set(result, i32.remS(x, y));
          const differs = i32.ltS(i32.xor(result, y), 0);
          f.if(result, () => f.if(differs, () => f.set(result, i32.add(result, y))));
        }
      });
    },
  );
  return result;
}

function integerPoint(
  f: FunctionBuilder,
  name: PointName,
  dtype: DType,
  x: Local<'i32'>,
  y: Local<'i32'>,
): Expression<'i32'> {
  switch (name) {
    case 'neg':
      return i32.sub(0, x);
    case 'abs':
      return select(i32.ltS(x, 0), i32.sub(0, x), x);
    case 'sign':
      return i32.sub(i32.gtS(x, 0), i32.ltS(x, 0));
    case 'not':
      return dtype === 'bool' ? i32.xor(x, 1) : i32.xor(x, -1);
    case 'add':
      return i32.add(x, y);
    case 'sub':
      return i32.sub(x, y);
    case 'mul':
      return i32.mul(x, y);
    case 'div':
      return integerDivision(f, x, y, false);
    case 'remainder':
      return integerDivision(f, x, y, true);
    case 'pow':
      return integerPower(f, x, y);
    case 'maximum':
      return select(i32.gtS(x, y), x, y);
    case 'minimum':
      return select(i32.ltS(x, y), x, y);
    case 'and':
      return i32.and(x, y);
    case 'or':
      return i32.or(x, y);
    case 'xor':
      return i32.xor(x, y);
    case 'shiftLeft':
      return i32.shl(x, y);
    case 'shiftRight':
      return i32.shrU(x, y);
    default:
      throw new Error(`lower(): ${name} of ${dtype} has no scalar form.`);
  }
}

function compare(name: 'eq' | 'lt' | 'le', dtype: DType, x: Scalar, y: Scalar): Expression<'i32'> {
  if (dtype === 'float32') return f32[name](x as Local<'f32'>, y as Local<'f32'>);
  if (dtype === 'float64') return f64[name](x as Local<'f64'>, y as Local<'f64'>);
  const [a, b] = [x as Local<'i32'>, y as Local<'i32'>];
  return name === 'eq' ? i32.eq(a, b) : name === 'lt' ? i32.ltS(a, b) : i32.leS(a, b);
}

/** An element as another dtype: truncating and saturating from float to integer, ≠ 0 to bool. */
export function castScalar(f: FunctionBuilder, from: DType, to: DType, x: Scalar): Scalar {
  if (from === to) return x;
  const source = scalarType(from);
  if (to === 'bool') {
    if (source === 'i32') return f.let(i32.ne(x as Local<'i32'>, 0));
    return f.let(source === 'f32' ? f32.ne(x as Local<'f32'>, 0) : f64.ne(x as Local<'f64'>, 0));
  }
  if (to === 'float32') {
    return f.let(source === 'i32' ? f32.convertI32S(x as Local<'i32'>) : f32.demoteF64(x as Local<'f64'>));
  }
  if (to === 'float64') {
    return f.let(source === 'i32' ? f64.convertI32S(x as Local<'i32'>) : f64.promoteF32(x as Local<'f32'>));
  }
  if (source === 'i32') return to === 'uint8' ? f.let(i32.and(x as Local<'i32'>, 255)) : (x as Local<'i32'>);
  if (to === 'int32') {
    return f.let(
      source === 'f32' ? i32.truncSatF32S(x as Local<'f32'>) : i32.truncSatF64S(x as Local<'f64'>),
    );
  }
  const whole = f.let(
    source === 'f32' ? i32.truncSatF32U(x as Local<'f32'>) : i32.truncSatF64U(x as Local<'f64'>),
  );
  return f.let(select(i32.gtU(whole, 255), i32.const(255), whole));
}

/** Emits one element-wise primitive on scalars: float32 by one lane of the vector form, so that a tail has the same bits. */
export function scalarPoint(
  f: FunctionBuilder,
  math: ScalarMath,
  point: Point,
  operands: readonly Scalar[],
): Scalar {
  const { name, dtype } = point;
  const from = point.operands[0]!.dtype;
  const [x, y, z] = operands as readonly [Scalar, Scalar, Scalar];
  if (name === 'where')
    return f.let(select(x as Local<'i32'>, y as Expression<'f32'>, z as Expression<'f32'>));
  if (name === 'cast') return castScalar(f, from, dtype, x);
  if (name === 'eq' || name === 'lt' || name === 'le') return f.let(compare(name, from, x, y));
  if (from === 'float64') return f.let(float64Point(f, math, name, x as Local<'f64'>, y as Local<'f64'>));
  if (from === 'float32') {
    const vectors = operands.map((operand) => f.let(f32x4.splat(operand as Local<'f32'>)));
    return f.let(f32x4.extractLane(vectorPoint(f, math, point, vectors), 0));
  }
  const value = integerPoint(f, name, from, x as Local<'i32'>, y as Local<'i32'>);
  // uint8 wraps at 256.
  return f.let(dtype === 'uint8' ? i32.and(value, 255) : value);
}

/** Loads an element. */
export function loadScalar(
  dtype: DType,
  address: Expression<'i32'>,
  offset: number,
): Expression<'f32' | 'f64' | 'i32'> {
  switch (dtype) {
    case 'float32':
      return f32.load(address, offset);
    case 'float64':
      return f64.load(address, offset);
    case 'int32':
      return i32.load(address, offset);
    case 'uint8':
    case 'bool':
      return i32.load8U(address, offset);
  }
}

/** Stores an element. */
export function storeScalar(
  dtype: DType,
  address: Expression<'i32'>,
  value: Scalar,
  offset: number,
): Expression<'void'> {
  switch (dtype) {
    case 'float32':
      return f32.store(address, value as Local<'f32'>, offset);
    case 'float64':
      return f64.store(address, value as Local<'f64'>, offset);
    case 'int32':
      return i32.store(address, value as Local<'i32'>, offset);
    case 'uint8':
    case 'bool':
      return i32.store8(address, value as Local<'i32'>, offset);
  }
}

/** A constant of the type that holds elements of a dtype. */
export function scalarConstant(dtype: DType, value: number): Expression<'f32' | 'f64' | 'i32'> {
  const type = scalarType(dtype);
  return type === 'f32' ? f32.const(value) : type === 'f64' ? f64.const(value) : i32.const(value);
}
