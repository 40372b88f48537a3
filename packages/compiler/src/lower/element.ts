import { byteSize } from '@nadir/tensor';
import {
  f32,
  f32x4,
  f64,
  i32,
  i32x4,
  v128,
  type Expression,
  type FunctionBuilder,
  type Local,
} from '@nadir/wasm';
import type { Element } from '../kernel.ts';
import { addressOf, type Lowering } from './lowering.ts';
import {
  castScalar,
  loadScalar,
  scalarConstant,
  scalarPoint,
  storeScalar,
  type Scalar,
} from './scalar-point.ts';
import { loadMask, storeMask, vectorPoint } from './vector-point.ts';

export type Leaf = Extract<Element, { kind: 'load' | 'index' }>;
type Value = Local<'v128'> | Scalar;
/** Elements whose values are in locals already. */
export type KnownValues = ReadonlyMap<Element, Value>;

/** The loads and indices below some elements, once each. */
export function leavesOf(elements: readonly Element[]): Leaf[] {
  const seen = new Set<Element>();
  const leaves: Leaf[] = [];
  const walk = (element: Element): void => {
    if (seen.has(element)) return;
    seen.add(element);
    if (element.kind === 'point') for (const operand of element.operands) walk(operand);
    else if (element.kind !== 'constant') leaves.push(element);
  };
  for (const element of elements) walk(element);
  return leaves;
}

/** Bytes of one step of a leaf's position; an index counts in ones. */
export function stepBytes(leaf: Leaf): number {
  return leaf.kind === 'load' ? byteSize(leaf.dtype) : 1;
}

/** The pointer of a leaf at the start of its loops, and the constant that is added to it. */
export function startOf(
  lowering: Lowering,
  f: FunctionBuilder,
  leaf: Leaf,
): { readonly base: Local<'i32'>; readonly offset: number } {
  if (leaf.kind === 'load') {
    const { base, offset } = addressOf(lowering, f, leaf.buffer, leaf.at.offset);
    // The constant of a load is added to an unsigned number: a pointer that moves down from it must never be below 0.
    if (leaf.at.strides.every((stride) => stride >= 0)) return { base, offset };
    return { base: f.let(i32.add(base, offset)), offset: 0 };
  }
  return { base: f.let(i32.const(leaf.at.offset)), offset: 0 };
}

/** Where a leaf is in the turn that is being emitted. */
export interface LeafPlace {
  readonly address: Expression<'i32'>;
  readonly offset: number;
  /** Elements from one lane of a vector to the next. */
  readonly laneStride: number;
}

/** Emits elements for one turn of a loop, each once, as vectors of four or as scalars. */
export class ElementEmitter {
  readonly #lowering: Lowering;
  readonly #f: FunctionBuilder;
  readonly #isVector: boolean;
  readonly #placeOf: (leaf: Leaf) => LeafPlace;
  readonly #values: Map<Element, Value>;

  constructor(
    lowering: Lowering,
    f: FunctionBuilder,
    isVector: boolean,
    placeOf: (leaf: Leaf) => LeafPlace,
    known: KnownValues = new Map(),
  ) {
    this.#lowering = lowering;
    this.#f = f;
    this.#isVector = isVector;
    this.#placeOf = placeOf;
    this.#values = new Map(known);
  }

  /** What has been emitted. */
  get values(): KnownValues {
    return this.#values;
  }

  vector(element: Element): Local<'v128'> {
    return this.#emit(element) as Local<'v128'>;
  }

  scalar(element: Element): Scalar {
    return this.#emit(element) as Scalar;
  }

  #emit(element: Element): Value {
    const before = this.#values.get(element);
    if (before !== undefined) return before;
    const value = this.#isVector ? this.#makeVector(element) : this.#makeScalar(element);
    this.#values.set(element, value);
    return value;
  }

  #makeVector(element: Element): Local<'v128'> {
    const f = this.#f;
    switch (element.kind) {
      case 'constant': {
        const { dtype, value } = element;
        if (dtype === 'float32') return f.constant(f32x4.const(value));
        return f.constant(i32x4.const(dtype === 'bool' ? -value : value));
      }
      case 'index': {
        const { address, laneStride } = this.#placeOf(element);
        const lanes = f.constant(i32x4.const(0, laneStride, 2 * laneStride, 3 * laneStride));
        const index = i32x4.add(i32x4.splat(address), lanes);
        return f.let(element.dtype === 'float32' ? f32x4.convertI32x4S(index) : index);
      }
      case 'load':
        return f.let(this.#loadVector(element));
      case 'point':
        return vectorPoint(
          f,
          this.#lowering.math,
          element,
          element.operands.map((operand) => this.vector(operand)),
        );
    }
  }

  #loadVector(leaf: Extract<Element, { kind: 'load' }>): Expression<'v128'> {
    const { address, offset, laneStride } = this.#placeOf(leaf);
    const isBool = leaf.dtype === 'bool';
    if (laneStride === 1) return isBool ? loadMask(this.#f, address, offset) : v128.load(address, offset, 4);
    if (laneStride === 0) {
      return isBool
        ? i32x4.splat(i32.sub(0, i32.ne(i32.load8U(address, offset), 0)))
        : v128.load32Splat(address, offset);
    }
    const first = this.#f.let(address);
    const step = laneStride * byteSize(leaf.dtype);
    const at = (lane: number): Expression<'i32'> => (lane === 0 ? first : i32.add(first, lane * step));
    if (isBool) {
      let mask = i32x4.splat(i32.sub(0, i32.ne(i32.load8U(first, offset), 0)));
      for (let lane = 1; lane < 4; lane++) {
        mask = i32x4.replaceLane(mask, lane, i32.sub(0, i32.ne(i32.load8U(at(lane), offset), 0)));
      }
      return mask;
    }
    let value = v128.load32Zero(first, offset);
    for (let lane = 1; lane < 4; lane++) value = v128.load32Lane(at(lane), value, lane, offset);
    return value;
  }

  #makeScalar(element: Element): Scalar {
    const f = this.#f;
    switch (element.kind) {
      case 'constant':
        return f.constant(scalarConstant(element.dtype, element.value)) as Scalar;
      case 'index': {
        const { address } = this.#placeOf(element);
        const index = f.let(address);
        if (element.dtype === 'float32') return f.let(f32.convertI32S(index));
        return element.dtype === 'float64'
          ? f.let(f64.convertI32S(index))
          : castScalar(f, 'int32', element.dtype, index);
      }
      case 'load': {
        const { address, offset } = this.#placeOf(element);
        return f.let(loadScalar(element.dtype, address, offset)) as Scalar;
      }
      case 'point':
        return scalarPoint(
          f,
          this.#lowering.math,
          element,
          element.operands.map((operand) => this.scalar(operand)),
        );
    }
  }
}

/** Stores a vector of four elements. */
export function storeVector(
  f: FunctionBuilder,
  element: Element,
  address: Expression<'i32'>,
  value: Local<'v128'>,
  offset: number,
): Expression<'void'> {
  return element.dtype === 'bool'
    ? storeMask(f, address, value, offset)
    : v128.store(address, value, offset, 4);
}

/** Stores one element. */
export function storeElement(
  element: Element,
  address: Expression<'i32'>,
  value: Scalar,
  offset: number,
): Expression<'void'> {
  return storeScalar(element.dtype, address, value, offset);
}

/** Elements below `roots` all of whose leaves satisfy `isFixed`, the largest of them only. */
export function fixedParts(roots: readonly Element[], isFixed: (leaf: Leaf) => boolean): Element[] {
  const fixed = new Map<Element, boolean>();
  const check = (element: Element): boolean => {
    const before = fixed.get(element);
    if (before !== undefined) return before;
    let all = true;
    if (element.kind === 'point') for (const operand of element.operands) all = check(operand) && all;
    else if (element.kind !== 'constant') all = isFixed(element);
    fixed.set(element, all);
    return all;
  };
  for (const root of roots) check(root);
  const parts = new Set<Element>();
  const seen = new Set<Element>();
  const walk = (element: Element): void => {
    if (seen.has(element)) return;
    seen.add(element);
    if (fixed.get(element) === true) {
      if (element.kind !== 'constant') parts.add(element);
    } else if (element.kind === 'point') for (const operand of element.operands) walk(operand);
  };
  for (const root of roots) walk(root);
  return [...parts];
}
