import { byteSize, type DType } from '@nadir/tensor';
import { f32, f32x4, f64, i32, i32x4, type Expression, type FunctionBuilder, type Local } from '@nadir/wasm';
import { operandsOf, type Element } from '../kernel.ts';
import { addressOf, type Lowering } from './lowering.ts';
import {
  castScalar,
  loadScalar,
  scalarConstant,
  scalarPoint,
  storeScalar,
  type Scalar,
} from './scalar-point.ts';
import { loadLanes, storeLanes, type Lanes } from './vector-memory.ts';
import { vectorPoint } from './vector-point.ts';

export type Leaf = Extract<Element, { kind: 'load' | 'index' }>;
/** What one turn makes of an element: a vector, or one element. */
export type Value = Local<'v128'> | Scalar;
/** Elements whose values are in locals already. */
export type KnownValues = ReadonlyMap<Element, Value>;

/** The loads and indices below some elements, once each. */
export function leavesOf(elements: readonly Element[]): Leaf[] {
  const seen = new Set<Element>();
  const leaves: Leaf[] = [];
  const walk = (element: Element): void => {
    if (seen.has(element)) return;
    seen.add(element);
    if (element.kind === 'load' || element.kind === 'index') leaves.push(element);
    else for (const operand of operandsOf(element)) walk(operand);
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

/** Emits elements for one turn of a loop, each once, as vectors of some lanes or, for 0 lanes, as scalars. */
export class ElementEmitter {
  readonly #lowering: Lowering;
  readonly #f: FunctionBuilder;
  readonly #lanes: Lanes | 0;
  readonly #placeOf: (leaf: Leaf) => LeafPlace;
  readonly #values: Map<Element, Value>;

  constructor(
    lowering: Lowering,
    f: FunctionBuilder,
    lanes: Lanes | 0,
    placeOf: (leaf: Leaf) => LeafPlace,
    known: KnownValues = new Map(),
  ) {
    this.#lowering = lowering;
    this.#f = f;
    this.#lanes = lanes;
    this.#placeOf = placeOf;
    this.#values = new Map(known);
  }

  /** What has been emitted. */
  get values(): KnownValues {
    return this.#values;
  }

  vector(element: Element): Local<'v128'> {
    return this.value(element) as Local<'v128'>;
  }

  scalar(element: Element): Scalar {
    return this.value(element) as Scalar;
  }

  /** A vector, or a scalar for 0 lanes. */
  value(element: Element): Value {
    const before = this.#values.get(element);
    if (before !== undefined) return before;
    const value = this.#lanes === 0 ? this.#makeScalar(element) : this.#makeVector(element);
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
      case 'load': {
        const { address, offset, laneStride } = this.#placeOf(element);
        return f.let(loadLanes(f, element.dtype, address, offset, laneStride, this.#lanes as Lanes));
      }
      case 'fold':
        throw new Error('lower(): a fold is known before it is read.');
      case 'point':
        return vectorPoint(
          f,
          this.#lowering.math,
          element,
          element.operands.map((operand) => this.vector(operand)),
        );
    }
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
      case 'fold':
        throw new Error('lower(): a fold is known before it is read.');
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

/** Stores what was emitted for an element. */
export function storeElement(
  f: FunctionBuilder,
  dtype: DType,
  address: Expression<'i32'>,
  value: Value,
  offset: number,
  lanes: Lanes | 0,
): void {
  if (lanes === 0) f.do(storeScalar(dtype, address, value as Scalar, offset));
  else storeLanes(f, dtype, address, value as Local<'v128'>, offset, lanes);
}

/** Elements below `roots` all of whose leaves satisfy `isFixed`, the largest of them only. */
export function fixedParts(roots: readonly Element[], isFixed: (leaf: Leaf) => boolean): Element[] {
  const fixed = new Map<Element, boolean>();
  const check = (element: Element): boolean => {
    const before = fixed.get(element);
    if (before !== undefined) return before;
    let all = true;
    if (element.kind === 'point') for (const operand of element.operands) all = check(operand) && all;
    else if (element.kind === 'load' || element.kind === 'index') all = isFixed(element);
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
