import {
  contiguousStrides,
  reducedShape,
  type BinaryName,
  type ComparisonName,
  type DType,
  type Pair,
  type PrimitiveName,
  type ProgramNode,
  type Shape,
  type UnaryName,
  type ValueId,
} from '@nadir/tensor';

/** The primitives that make one element out of elements at the same place. */
export type PointName = Extract<PrimitiveName, UnaryName | BinaryName | ComparisonName | 'where' | 'cast'>;

const points: Readonly<Record<PointName, true>> = {
  neg: true,
  abs: true,
  sign: true,
  floor: true,
  ceil: true,
  round: true,
  trunc: true,
  exp: true,
  expm1: true,
  log: true,
  log1p: true,
  sqrt: true,
  sin: true,
  cos: true,
  tanh: true,
  sigmoid: true,
  erf: true,
  not: true,
  add: true,
  sub: true,
  mul: true,
  div: true,
  pow: true,
  maximum: true,
  minimum: true,
  remainder: true,
  atan2: true,
  and: true,
  or: true,
  xor: true,
  shiftLeft: true,
  shiftRight: true,
  eq: true,
  lt: true,
  le: true,
  where: true,
  cast: true,
};

export function isPoint(name: string): name is PointName {
  return Object.hasOwn(points, name);
}

/** How many elements become one. */
export type FoldName = 'sum' | 'prod' | 'max' | 'min';

/** Position `offset + Σ strides[d] · index[d]` over the axes of a loop nest, in elements. */
export interface Affine {
  readonly strides: readonly number[];
  readonly offset: number;
}

/** What one element of a kernel's loop nest is computed from. Two uses of one value at one place are one object. */
export type Element =
  | { readonly kind: 'load'; readonly dtype: DType; readonly buffer: ValueId; readonly at: Affine }
  | { readonly kind: 'constant'; readonly dtype: DType; readonly value: number }
  | { readonly kind: 'index'; readonly dtype: DType; readonly at: Affine }
  /** What the elements of a row come to; only in row kernels, and the same along the row. */
  | { readonly kind: 'fold'; readonly dtype: DType; readonly name: FoldName; readonly operand: Element }
  | {
      readonly kind: 'point';
      readonly dtype: DType;
      readonly name: PointName;
      readonly operands: readonly Element[];
    };

/** Where a map or row kernel stores an element. */
export interface Root {
  readonly buffer: ValueId;
  readonly element: Element;
  readonly at: Affine;
  /** The whole buffer is written, in row-major order. */
  readonly whole: boolean;
  /**
   * In row kernels: the elements of a block of rows at one place of the row are folded to one, and stored when the block is
   * through. The buffer holds the results of one block behind those of another.
   */
  readonly down?: FoldName;
}

/** One loop nest that stores one or more elements a turn. */
export interface MapKernel {
  readonly kind: 'map';
  readonly shape: Shape;
  readonly roots: readonly Root[];
}

/** The axes of the loop nest are those of the operand; `axes` of them are folded. */
export interface ReduceKernel {
  readonly kind: 'reduce';
  readonly name: FoldName;
  readonly shape: Shape;
  readonly axes: readonly number[];
  readonly element: Element;
  readonly buffer: ValueId;
  readonly dtype: DType;
  /**
   * How many indices of the first of the folded axes are folded to one result; those of one block lie behind those of
   * another. Default: all.
   */
  readonly block?: number;
}

/** How many rows a row kernel folds to one, where it folds any: it follows from the sizes alone. */
export function rowBlock(rows: number): number {
  return Math.max(8, Math.ceil(rows / 32));
}

/**
 * A loop over rows, in which folds of the row and stages that store elements follow one another while the row is near. The
 * axes of the loop nest are those of the elements; `axes` of them make a row, and a root that does not move along them stores
 * one element a row.
 */
export interface RowKernel {
  readonly kind: 'rows';
  readonly shape: Shape;
  readonly axes: readonly number[];
  readonly roots: readonly Root[];
}

/** Sets every element of a buffer to a number. */
export interface FillKernel {
  readonly kind: 'fill';
  readonly buffer: ValueId;
  readonly value: number;
}

/** An operand of a kernel of its own: a layout of a buffer, in elements. */
export interface View {
  readonly buffer: ValueId;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** A primitive that has a kernel of its own. The views of all but `matmul` are row-major without gaps. */
export interface PrimitiveKernel {
  readonly kind: 'primitive';
  readonly node: ProgramNode;
  readonly operands: readonly View[];
  readonly buffer: ValueId;
}

/**
 * A convolution in the form that the kernels work on: place (i, j) sees the image from row `i · stride[0] − before[0]` and column
 * `j · stride[1] − before[1]` on.
 */
export interface ConvolutionGeometry {
  readonly type: 'f32' | 'f64';
  readonly batch: number;
  readonly groups: number;
  /** Of one group. */
  readonly channels: number;
  /** Of one group. */
  readonly filters: number;
  readonly height: number;
  readonly width: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  /** Zeros before the first row and the first column of an image; below zero: so many are left out. */
  readonly before: Pair;
  /** Rows and columns of places. */
  readonly places: Pair;
  /** Place (i, j) lies at row `first[0] + i · step[0]` and column `first[1] + j · step[1]` of a plane of `size`. */
  readonly target: { readonly size: Pair; readonly first: Pair; readonly step: Pair };
}

/**
 * One of the kernels of a convolution. `product`: images and filters in packed panels → planes of places. `winograd`: the same with
 * transformed filters. `weights`: images and the gradient of the places → the gradient of the filters, in parts that add up to it;
 * `winogradWeights`: the same from transformed tiles.
 */
export interface ConvolutionKernel {
  readonly kind: 'convolution';
  readonly part: 'product' | 'winograd' | 'weights' | 'winogradWeights';
  readonly geometry: ConvolutionGeometry;
  readonly operands: readonly View[];
  readonly buffer: ValueId;
  /**
   * What is computed from the result while it is in the cache, in loops over its elements in their order. Loads of `buffer` are the
   * result, which is stored only where a root does it. Of `product` and `winograd` alone.
   */
  readonly epilogue?: Epilogue;
}

/** Loops over the elements of what a kernel computes. */
export interface Epilogue {
  readonly shape: Shape;
  readonly roots: readonly Root[];
}

/**
 * A matrix product with what is computed from it while it is in the cache: blocks of it go through the loops of the roots, which
 * read it as a load of `value`. Nothing else reads it, unless a root stores it under that name.
 */
export interface MatmulKernel {
  readonly kind: 'matmul';
  readonly value: ValueId;
  readonly dtype: 'float32' | 'float64';
  readonly batch: Shape;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Over the axes of the batch, m, k, and over those of the batch, k, n: loads. */
  readonly a: Extract<Element, { kind: 'load' }>;
  readonly b: Extract<Element, { kind: 'load' }>;
  /**
   * The factor whose elements fill vectors, along n or along m: the right one of the product as it is computed. The rows of the other one are
   * spread element by element.
   */
  readonly vectors: 'a' | 'b';
  /** Whether the left factor is read where it lies, or packed block by block. */
  readonly rows: 'direct' | 'packed';
  /**
   * Whether the right factor is read where it lies, which takes neighbours along its vectors; packed block by block; or found in panels, as
   * a pack kernel leaves it: then its strides over the last two axes count for nothing.
   */
  readonly columns: 'direct' | 'packed' | 'panels';
  /** The loops of the roots: axes that make up batch and m, then n. */
  readonly shape: Shape;
  readonly roots: readonly Root[];
}

/**
 * A factor of a product in panels: `width` neighbours for each step of depth, the last panel filled up with zeros. Panels follow one
 * another, and batches of them.
 */
export interface PackKernel {
  readonly kind: 'pack';
  /** Axes of the batch, depth, and those along which vectors run. */
  readonly shape: Shape;
  readonly element: Element;
  readonly width: number;
  readonly buffer: ValueId;
}

export type Kernel =
  | MapKernel
  | ReduceKernel
  | RowKernel
  | FillKernel
  | PrimitiveKernel
  | ConvolutionKernel
  | MatmulKernel
  | PackKernel;

/** Something that occupies memory: an argument, a state, or what kernels compute. */
export interface Buffer {
  readonly id: ValueId;
  readonly dtype: DType;
  readonly size: number;
  readonly origin: 'argument' | 'state' | 'kernel';
  /** Position among the arguments or the state. */
  readonly index: number;
}

/** A program as kernels over buffers, in an order that computes everything before it is read. */
export interface KernelProgram {
  readonly buffers: ReadonlyMap<ValueId, Buffer>;
  readonly kernels: readonly Kernel[];
  /** For every result the buffer that holds it, row-major. */
  readonly results: readonly ValueId[];
  readonly writes: readonly { readonly state: number; readonly buffer: ValueId }[];
}

/** The position of a reduction's result over the axes of its operand: it does not move along those that are folded. */
export function keptPosition(shape: Shape, axes: readonly number[]): Affine {
  const kept = contiguousStrides(reducedShape(shape, axes));
  let next = 0;
  return { strides: shape.map((_, axis) => (axes.includes(axis) ? 0 : kept[next++]!)), offset: 0 };
}

const none: readonly Element[] = [];

/** What an element is computed from. */
export function operandsOf(element: Element): readonly Element[] {
  if (element.kind === 'point') return element.operands;
  return element.kind === 'fold' ? [element.operand] : none;
}

/** Calls `visit` with every element at and below some, once per object. */
export function visitElements(elements: readonly Element[], visit: (element: Element) => void): void {
  const seen = new Set<Element>();
  const walk = (element: Element): void => {
    if (seen.has(element)) return;
    seen.add(element);
    visit(element);
    for (const operand of operandsOf(element)) walk(operand);
  };
  for (const element of elements) walk(element);
}

/** Calls `visit` with every load below an element, once per object. */
export function visitLoads(
  elements: readonly Element[],
  visit: (load: Extract<Element, { kind: 'load' }>) => void,
): void {
  visitElements(elements, (element) => {
    if (element.kind === 'load') visit(element);
  });
}

/** Whether a kernel looks up elements by numbers that may be out of range. */
export function canFail(kernel: Kernel): boolean {
  return (
    kernel.kind === 'primitive' &&
    (kernel.node.primitive === 'take' || kernel.node.primitive === 'scatterAdd')
  );
}

/** The elements that a kernel computes. */
export function elementsOf(kernel: Kernel): Element[] {
  switch (kernel.kind) {
    case 'map':
    case 'rows':
      return kernel.roots.map((root) => root.element);
    case 'reduce':
    case 'pack':
      return [kernel.element];
    case 'matmul':
      return [kernel.a, kernel.b, ...kernel.roots.map((root) => root.element)];
    case 'convolution':
      return kernel.epilogue?.roots.map((root) => root.element) ?? [];
    default:
      return [];
  }
}

/** The buffers that a kernel reads. */
export function readsOf(kernel: Kernel): Set<ValueId> {
  const reads = new Set<ValueId>();
  visitLoads(elementsOf(kernel), (load) => reads.add(load.buffer));
  // What is computed in blocks reads them as a load of the whole.
  if (kernel.kind === 'matmul') reads.delete(kernel.value);
  if (kernel.kind === 'convolution') reads.delete(kernel.buffer);
  if (kernel.kind === 'primitive' || kernel.kind === 'convolution')
    for (const view of kernel.operands) reads.add(view.buffer);
  return reads;
}

/** The buffers that a kernel writes. */
export function writesOf(kernel: Kernel): ValueId[] {
  if (kernel.kind === 'map' || kernel.kind === 'rows' || kernel.kind === 'matmul')
    return kernel.roots.map((root) => root.buffer);
  if (kernel.kind === 'convolution' && kernel.epilogue !== undefined)
    return kernel.epilogue.roots.map((root) => root.buffer);
  return [kernel.buffer];
}
