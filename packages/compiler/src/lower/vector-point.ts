import type { DType } from '@nadir/tensor';
import { f32, f32x4, f64, i32x4, v128, type Expression, type FunctionBuilder, type Local } from '@nadir/wasm';
import type { Element, PointName } from '../kernel.ts';
import type { BinaryMath, ScalarMath, UnaryMath } from './scalar-math.ts';
import {
  choose,
  erf,
  exp,
  largestAngle,
  log,
  sigmoid,
  sine,
  splat,
  splatInteger,
  tanh,
} from './vector-math.ts';

type Vector = Expression<'v128'>;
type Value = Local<'v128'>;
type Point = Extract<Element, { kind: 'point' }>;

/** Four elements a vector: float32 and int32 as they are, bool as a mask of all ones or all zeros. */
const laneTypes: ReadonlySet<DType> = new Set<DType>(['float32', 'int32', 'bool']);
const integerPoints: ReadonlySet<PointName> = new Set<PointName>([
  'neg',
  'abs',
  'not',
  'add',
  'sub',
  'mul',
  'maximum',
  'minimum',
  'and',
  'or',
  'xor',
  'eq',
  'lt',
  'le',
  'where',
  'cast',
]);
const boolPoints: ReadonlySet<PointName> = new Set<PointName>([
  'not',
  'and',
  'or',
  'xor',
  'eq',
  'where',
  'cast',
]);

/** Whether vectors of four can hold an element and all that it is computed from. */
export function isVector(element: Element, seen: Set<Element> = new Set()): boolean {
  if (seen.has(element)) return true;
  seen.add(element);
  if (!laneTypes.has(element.dtype)) return false;
  if (element.kind === 'fold') {
    const { operand, dtype } = element;
    return dtype !== 'bool' && operand.dtype !== 'bool' && isVector(operand, seen);
  }
  if (element.kind !== 'point') return element.kind !== 'index' || element.dtype !== 'bool';
  const { name, operands } = element;
  const dtype = operands.at(-1)!.dtype;
  if (name === 'shiftLeft' || name === 'shiftRight') {
    if (dtype !== 'int32' || operands[1]!.kind !== 'constant') return false;
  } else if (dtype === 'int32' && !integerPoints.has(name)) return false;
  else if (dtype === 'bool' && !boolPoints.has(name)) return false;
  return operands.every((operand) => isVector(operand, seen));
}

/** Computes each lane by itself in double precision, rounded once. */
function byLanes(f: FunctionBuilder, lane: (index: number) => Expression<'f64'>): Value {
  let value: Vector = f32x4.splat(f32.demoteF64(lane(0)));
  for (let index = 1; index < 4; index++) value = f32x4.replaceLane(value, index, f32.demoteF64(lane(index)));
  return f.let(value);
}

const laneOf = (x: Value, index: number): Expression<'f64'> => f64.promoteF32(f32x4.extractLane(x, index));

function angle(f: FunctionBuilder, math: ScalarMath, name: 'sin' | 'cos', x: Value): Value {
  const result = f.let(sine(f, x, name === 'sin' ? 0 : 1));
  // NaN compares false with everything, and keeps its way through the polynomials.
  f.if(v128.anyTrue(f32x4.gt(f32x4.abs(x), splat(f, largestAngle))), () => {
    f.set(
      result,
      byLanes(f, (index) => math.unary(name, laneOf(x, index))),
    );
  });
  return result;
}

function float32Point(f: FunctionBuilder, math: ScalarMath, name: PointName, x: Value, y: Value): Vector {
  switch (name) {
    case 'neg':
      return f32x4.neg(x);
    case 'abs':
      return f32x4.abs(x);
    case 'sign': {
      const isNonZero = v128.or(f32x4.lt(x, splat(f, 0)), f32x4.gt(x, splat(f, 0)));
      const one = v128.or(v128.and(x, splatInteger(f, -0x80000000)), splat(f, 1));
      return choose(isNonZero, one, x);
    }
    case 'floor':
      return f32x4.floor(x);
    case 'ceil':
      return f32x4.ceil(x);
    case 'round':
      return f32x4.nearest(x);
    case 'trunc':
      return f32x4.trunc(x);
    case 'sqrt':
      return f32x4.sqrt(x);
    case 'exp':
      return exp(f, x);
    case 'log':
      return log(f, x);
    case 'tanh':
      return tanh(f, x);
    case 'sigmoid':
      return sigmoid(f, x);
    case 'erf':
      return erf(f, x);
    case 'sin':
    case 'cos':
      return angle(f, math, name, x);
    case 'expm1':
    case 'log1p':
      return byLanes(f, (index) => math.unary(name satisfies UnaryMath, laneOf(x, index)));
    case 'pow':
    case 'atan2':
    case 'remainder':
      return byLanes(f, (index) =>
        math.binary(name satisfies BinaryMath, laneOf(x, index), laneOf(y, index)),
      );
    case 'add':
      return f32x4.add(x, y);
    case 'sub':
      return f32x4.sub(x, y);
    case 'mul':
      return f32x4.mul(x, y);
    case 'div':
      return f32x4.div(x, y);
    case 'maximum':
      return f32x4.max(x, y);
    case 'minimum':
      return f32x4.min(x, y);
    case 'eq':
      return f32x4.eq(x, y);
    case 'lt':
      return f32x4.lt(x, y);
    case 'le':
      return f32x4.le(x, y);
    default:
      throw new Error(`lower(): ${name} of float32 has no vector form.`);
  }
}

function integerPoint(name: PointName, x: Value, y: Value, isBool: boolean, count: number): Vector {
  switch (name) {
    case 'neg':
      return i32x4.neg(x);
    case 'abs':
      return i32x4.abs(x);
    case 'not':
      return v128.not(x);
    case 'add':
      return i32x4.add(x, y);
    case 'sub':
      return i32x4.sub(x, y);
    case 'mul':
      return i32x4.mul(x, y);
    case 'maximum':
      return i32x4.maxS(x, y);
    case 'minimum':
      return i32x4.minS(x, y);
    case 'and':
      return v128.and(x, y);
    case 'or':
      return v128.or(x, y);
    case 'xor':
      return v128.xor(x, y);
    case 'shiftLeft':
      return i32x4.shl(x, count);
    case 'shiftRight':
      return i32x4.shrU(x, count);
    case 'eq':
      return i32x4.eq(x, y);
    case 'lt':
      return i32x4.ltS(x, y);
    case 'le':
      return i32x4.leS(x, y);
    default:
      throw new Error(`lower(): ${name} of ${isBool ? 'bool' : 'int32'} has no vector form.`);
  }
}

function castVector(f: FunctionBuilder, from: DType, to: DType, x: Value): Vector {
  if (from === to) return x;
  if (to === 'float32') {
    return from === 'bool' ? v128.and(x, splat(f, 1)) : f32x4.convertI32x4S(x);
  }
  if (to === 'int32') return from === 'bool' ? v128.and(x, splatInteger(f, 1)) : i32x4.truncSatF32x4S(x);
  return from === 'float32' ? f32x4.ne(x, splat(f, 0)) : i32x4.ne(x, splatInteger(f, 0));
}

/** Emits one element-wise primitive on vectors of four. */
export function vectorPoint(
  f: FunctionBuilder,
  math: ScalarMath,
  point: Point,
  operands: readonly Value[],
): Value {
  const { name, dtype } = point;
  const [x, y, z] = operands as readonly [Value, Value, Value];
  const from = point.operands[0]!.dtype;
  if (name === 'where') return f.let(choose(x, y, z));
  if (name === 'cast') return f.let(castVector(f, from, dtype, x));
  if (from === 'float32') return f.let(float32Point(f, math, name, x, y));
  const second = point.operands[1];
  const count = second?.kind === 'constant' ? second.value & 31 : 0;
  return f.let(integerPoint(name, x, y, from === 'bool', count));
}
