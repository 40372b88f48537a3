import {
  contiguousStrides,
  sameShape,
  sizeOf,
  type DType,
  type Program,
  type ProgramNode,
  type Shape,
  type ValueId,
  type ValueType,
} from '@nadir/tensor';
import {
  isPoint,
  type Affine,
  type Buffer,
  type Element,
  type Kernel,
  type KernelProgram,
  type PrimitiveKernel,
  type Root,
  type View,
} from '../kernel.ts';

/** One axis of a value as a function of the loop indices. */
type AxisMap = Affine;

/** Uses at different places beyond which a cheap value is stored after all. */
const mostCopies = 3;
/** Primitives that cost less to compute again than to store and load. */
const cheap: ReadonlySet<string> = new Set(['neg', 'not', 'cast', 'eq', 'lt', 'le']);
const movements: ReadonlySet<string> = new Set(['reshape', 'permute', 'expand', 'slice', 'flip']);
const reductions: ReadonlySet<string> = new Set(['sum', 'prod', 'max', 'min']);
/** Primitives computed inside the loops of those who read them. */
const isInlinable = (node: ProgramNode): boolean =>
  isPoint(node.primitive) ||
  node.primitive === 'full' ||
  node.primitive === 'iota' ||
  node.primitive === 'copy';

/** Whether every axis of the operand is a sum of axes of the result: it is cut, never merged. */
function isSplit(from: Shape, to: Shape): boolean {
  return splitOf(from, to) !== null;
}

/** For every axis of `from` the axes of `to` that it is cut into, or null where axes are merged. */
function splitOf(from: Shape, to: Shape): number[][] | null {
  if (sizeOf(from) === 0) return null;
  const parts: number[][] = [];
  let axis = 0;
  for (const size of from) {
    const part: number[] = [];
    let product = 1;
    while (product < size && axis < to.length) {
      product *= to[axis]!;
      part.push(axis++);
    }
    if (product !== size) return null;
    parts.push(part);
  }
  return parts;
}

/** Strides and offset of a movement primitive over a strided layout, or null where only a copy can show it. */
interface Layout {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

const zero = (rank: number): AxisMap => ({ strides: new Array<number>(rank).fill(0), offset: 0 });
const scaled = (map: AxisMap, factor: number, plus = 0): AxisMap => ({
  strides: map.strides.map((stride) => stride * factor),
  offset: map.offset * factor + plus,
});
const added = (a: AxisMap, b: AxisMap): AxisMap => ({
  strides: a.strides.map((stride, d) => stride + b.strides[d]!),
  offset: a.offset + b.offset,
});

/** The axes of a movement's operand, given those of its result. */
function movedBack(node: ProgramNode, operand: Shape, maps: readonly AxisMap[], rank: number): AxisMap[] {
  switch (node.primitive) {
    case 'permute': {
      const back = new Array<AxisMap>(operand.length);
      node.attributes.axes.forEach((axis, i) => (back[axis] = maps[i]!));
      return back;
    }
    case 'expand': {
      const lead = node.type.shape.length - operand.length;
      return operand.map((size, axis) => (size === 1 ? zero(rank) : maps[lead + axis]!));
    }
    case 'slice': {
      const { starts, steps } = node.attributes;
      return operand.map((_, axis) => scaled(maps[axis]!, steps[axis]!, starts[axis]!));
    }
    case 'flip': {
      const { axes } = node.attributes;
      return operand.map((size, axis) =>
        axes.includes(axis) ? scaled(maps[axis]!, -1, size - 1) : maps[axis]!,
      );
    }
    default: {
      const { shape } = node.type;
      return splitOf(operand, shape)!.map((part) => {
        let map = zero(rank);
        let step = 1;
        for (const axis of part.toReversed()) {
          map = added(map, scaled(maps[axis]!, step));
          step *= shape[axis]!;
        }
        return map;
      });
    }
  }
}

/** How a value is had: in a buffer of its own, as another name of one, or inside the loops of its readers. */
type Mode = 'buffer' | 'alias' | 'inline';

class Fuser {
  readonly #program: Program;
  readonly #inputs: number;
  readonly #modes: Mode[] = [];
  readonly #kernels: Kernel[] = [];
  readonly #buffers = new Map<ValueId, Buffer>();

  constructor(program: Program) {
    this.#program = program;
    this.#inputs = program.arguments.length + program.state.length;
  }

  #node(id: ValueId): ProgramNode | undefined {
    return this.#program.nodes[id - this.#inputs];
  }

  #type(id: ValueId): ValueType {
    const { arguments: args, state } = this.#program;
    if (id < args.length) return args[id]!;
    return id < this.#inputs ? state[id - args.length]! : this.#node(id)!.type;
  }

  #mode(id: ValueId): Mode {
    return id < this.#inputs ? 'buffer' : this.#modes[id - this.#inputs]!;
  }

  fuse(): KernelProgram {
    const { arguments: args, state, nodes, results, writes } = this.#program;
    this.#chooseModes();
    args.forEach((type, index) => this.#addBuffer(index, type, 'argument', index));
    state.forEach((type, index) => this.#addBuffer(args.length + index, type, 'state', index));
    for (const node of nodes) if (this.#mode(node.id) === 'buffer') this.#emit(node);
    return {
      buffers: this.#buffers,
      kernels: this.#kernels,
      results: results.map((id) => this.#rootOf(id)),
      writes: writes.map(({ state: index, value }) => ({ state: index, buffer: this.#rootOf(value) })),
    };
  }

  #addBuffer(id: ValueId, { dtype, shape }: ValueType, origin: Buffer['origin'], index: number): void {
    this.#buffers.set(id, { id, dtype, size: sizeOf(shape), origin, index });
  }

  /** The buffer behind the names that reshapes give it. */
  #rootOf(id: ValueId): ValueId {
    let root = id;
    while (this.#mode(root) === 'alias') root = this.#node(root)!.operands[0]!;
    return root;
  }

  /** From the readers to what they read: what several of them need at different places is stored. */
  #chooseModes(): void {
    const { nodes, results, writes } = this.#program;
    const needed = new Set<ValueId>([...results, ...writes.map(({ value }) => value)]);
    // Every loop nest that a value would be computed in, with the movements on the way.
    const places = new Map<ValueId, Set<string>>();
    const repeated = new Set<ValueId>();
    const addPlaces = (id: ValueId, added: Iterable<string>): void => {
      const set = places.get(id) ?? new Set();
      for (const place of added) set.add(place);
      places.set(id, set);
    };
    for (let i = nodes.length - 1; i >= 0; i--) {
      const node = nodes[i]!;
      const { id, primitive, operands } = node;
      const mode = this.#chooseMode(node, needed, places.get(id) ?? new Set(), repeated);
      this.#modes[i] = mode;
      if (mode === 'alias') {
        needed.add(operands[0]!);
        continue;
      }
      const isLoop = isInlinable(node) || movements.has(primitive);
      if (
        mode === 'buffer' &&
        !isLoop &&
        !reductions.has(primitive) &&
        primitive !== 'concat' &&
        primitive !== 'pad'
      ) {
        for (const operand of operands) needed.add(this.#baseForPrimitive(node, operand));
        continue;
      }
      const own = mode === 'buffer' ? [`${id}`] : [...(places.get(id) ?? [])];
      operands.forEach((operand, position) => {
        // The parts of a concatenation are loop nests of their own.
        const suffix = movements.has(primitive) ? `/${id}` : primitive === 'concat' ? `#${position}` : '';
        addPlaces(
          operand,
          own.map((place) => place + suffix),
        );
        const isRepeat =
          primitive === 'expand' && sizeOf(node.type.shape) > sizeOf(this.#type(operand).shape);
        if (isRepeat || (mode === 'inline' && repeated.has(id))) repeated.add(operand);
      });
    }
  }

  #chooseMode(
    node: ProgramNode,
    needed: ReadonlySet<ValueId>,
    places: ReadonlySet<string>,
    repeated: ReadonlySet<ValueId>,
  ): Mode {
    const { id, primitive, operands } = node;
    const isNeeded = needed.has(id);
    if (primitive === 'reshape') {
      if (isNeeded || !isSplit(this.#type(operands[0]!).shape, node.type.shape)) return 'alias';
      return 'inline';
    }
    if (isNeeded) return 'buffer';
    if (movements.has(primitive)) return 'inline';
    if (primitive === 'full' || (primitive === 'iota' && places.size <= mostCopies)) return 'inline';
    if (!isInlinable(node) || repeated.has(id)) return 'buffer';
    if (places.size <= 1) return 'inline';
    return cheap.has(primitive) && places.size <= mostCopies ? 'inline' : 'buffer';
  }

  /** Strides of a movement over a layout. */
  #layout(node: ProgramNode, from: Layout): Layout | null {
    const { shape } = node.type;
    const maps = shape.map((_, axis) => ({
      strides: shape.map((__, d) => (d === axis ? 1 : 0)),
      offset: 0,
    }));
    if (node.primitive === 'reshape' && splitOf(from.shape, shape) === null) return null;
    const back = movedBack(node, from.shape, maps, shape.length);
    let total = zero(shape.length);
    back.forEach((map, axis) => (total = added(total, scaled(map, from.strides[axis]!))));
    return {
      shape,
      strides: total.strides,
      offset: from.offset + total.offset,
    };
  }

  /** The value at the end of a chain of movements, and how the chain shows it; null where a copy is due. */
  #viewed(id: ValueId): { readonly base: ValueId; readonly layout: Layout } | null {
    const node = this.#node(id);
    const { shape } = this.#type(id);
    const whole = { base: id, layout: { shape, strides: contiguousStrides(shape), offset: 0 } };
    if (node === undefined || !movements.has(node.primitive)) return whole;
    // A merging reshape is another name of its operand's buffer.
    if (node.primitive === 'reshape' && !isSplit(this.#type(node.operands[0]!).shape, shape)) return whole;
    const inner = this.#viewed(node.operands[0]!);
    if (inner === null) return null;
    const layout = this.#layout(node, inner.layout);
    return layout === null ? null : { base: inner.base, layout };
  }

  /** What must be in a buffer so that a primitive with a kernel of its own can read an operand. */
  #baseForPrimitive(node: ProgramNode, operand: ValueId): ValueId {
    const viewed = this.#viewed(operand);
    return viewed !== null && isReadable(node, viewed.layout) ? viewed.base : operand;
  }

  #viewFor(node: ProgramNode, operand: ValueId): View {
    const base = this.#baseForPrimitive(node, operand);
    const { dtype, shape } = this.#type(operand);
    const layout =
      base === operand
        ? { shape, strides: contiguousStrides(shape), offset: 0 }
        : this.#viewed(operand)!.layout;
    return { buffer: this.#rootOf(base), dtype, ...layout };
  }

  #emit(node: ProgramNode): void {
    const { id, primitive, type } = node;
    this.#addBuffer(id, type, 'kernel', -1);
    if (sizeOf(type.shape) === 0) return;
    const whole: Affine = { strides: contiguousStrides(type.shape), offset: 0 };
    if (isInlinable(node) || movements.has(primitive)) {
      const element = this.#elements(type.shape)(id, true);
      this.#kernels.push({
        kind: 'map',
        shape: type.shape,
        roots: [{ buffer: id, element, at: whole, whole: true }],
      });
    } else if (reductions.has(primitive)) {
      const reduction = node as Extract<ProgramNode, { primitive: 'sum' | 'prod' | 'max' | 'min' }>;
      const { shape } = this.#type(node.operands[0]!);
      const element = this.#elements(shape)(node.operands[0]!);
      const { axes } = reduction.attributes;
      this.#kernels.push({
        kind: 'reduce',
        name: reduction.primitive,
        shape,
        axes,
        element,
        buffer: id,
        dtype: type.dtype,
      });
    } else if (primitive === 'pad') this.#emitPad(node);
    else if (primitive === 'concat') {
      let start = 0;
      for (const operand of node.operands) {
        const { shape } = this.#type(operand);
        const at = { strides: whole.strides, offset: start * whole.strides[node.attributes.axis]! };
        this.#emitPart(id, operand, shape, at);
        start += shape[node.attributes.axis]!;
      }
    } else {
      const operands = node.operands.map((operand) => this.#viewFor(node, operand));
      const kernel: PrimitiveKernel = { kind: 'primitive', node, operands, buffer: id };
      this.#kernels.push(primitive === 'matmul' ? productKernel(kernel) : kernel);
    }
  }

  #emitPad(node: Extract<ProgramNode, { primitive: 'pad' }>): void {
    const { low, interior, value } = node.attributes;
    const strides = contiguousStrides(node.type.shape);
    this.#kernels.push({ kind: 'fill', buffer: node.id, value });
    this.#emitPart(node.id, node.operands[0]!, this.#type(node.operands[0]!).shape, {
      strides: strides.map((stride, axis) => stride * (interior[axis]! + 1)),
      offset: strides.reduce((offset, stride, axis) => offset + stride * low[axis]!, 0),
    });
  }

  #emitPart(buffer: ValueId, operand: ValueId, shape: Shape, at: Affine): void {
    if (sizeOf(shape) === 0) return;
    const element = this.#elements(shape)(operand);
    const root: Root = { buffer, element, at, whole: false };
    this.#kernels.push({ kind: 'map', shape, roots: [root] });
  }

  /** Makes elements for a loop nest over `shape`; one value at one place is one object. */
  #elements(shape: Shape): (id: ValueId, isRoot?: boolean) => Element {
    const known = new Map<string, Element>();
    const rank = shape.length;
    const make = (id: ValueId, maps: readonly AxisMap[], isRoot: boolean): Element => {
      const key = `${id}:${maps.map(({ strides, offset }) => `${strides.join()}+${offset}`).join(';')}`;
      const before = isRoot ? undefined : known.get(key);
      if (before !== undefined) return before;
      const element = this.#element(id, maps, rank, isRoot, (operand, operandMaps) =>
        make(operand, operandMaps, false),
      );
      known.set(key, element);
      return element;
    };
    const identity = shape.map((_, axis) => ({
      strides: shape.map((__, d) => (d === axis ? 1 : 0)),
      offset: 0,
    }));
    return (id, isRoot = false) => make(id, identity, isRoot);
  }

  #element(
    id: ValueId,
    maps: readonly AxisMap[],
    rank: number,
    isRoot: boolean,
    make: (operand: ValueId, maps: readonly AxisMap[]) => Element,
  ): Element {
    const node = this.#node(id);
    const { dtype, shape } = this.#type(id);
    if (node === undefined || (this.#mode(id) !== 'inline' && !isRoot)) {
      return { kind: 'load', dtype, buffer: this.#rootOf(id), at: this.#flat(shape, maps, rank) };
    }
    if (movements.has(node.primitive)) {
      const operand = node.operands[0]!;
      return make(operand, movedBack(node, this.#type(operand).shape, maps, rank));
    }
    if (node.primitive === 'copy') return make(node.operands[0]!, maps);
    if (node.primitive === 'full') return constantOf(dtype, node.attributes.value);
    if (node.primitive === 'iota') return { kind: 'index', dtype, at: maps[0]! };
    if (!isPoint(node.primitive))
      throw new Error(`fuse(): ${node.primitive} is not computed in a loop nest.`);
    return {
      kind: 'point',
      dtype,
      name: node.primitive,
      operands: node.operands.map((operand) => make(operand, maps)),
    };
  }

  #flat(shape: Shape, maps: readonly AxisMap[], rank: number): Affine {
    let total = zero(rank);
    contiguousStrides(shape).forEach((stride, axis) => (total = added(total, scaled(maps[axis]!, stride))));
    return total;
  }
}

/** Multiplications up to which a tile of registers costs more than it saves. */
const smallVolume = 4096;

/** A small product, or one with a vector, as a sum of products in a loop nest; one without depth as zeros. */
function productKernel(kernel: PrimitiveKernel): Kernel {
  const [a, b] = kernel.operands as readonly [View, View];
  const { shape, dtype } = kernel.node.type;
  const rank = shape.length;
  const [m, n, k] = [shape[rank - 2]!, shape[rank - 1]!, a.shape[rank - 1]!];
  if (k === 0) return { kind: 'fill', buffer: kernel.buffer, value: 0 };
  if (m !== 1 && n !== 1 && m * n * k > smallVolume) return kernel;
  // Axes of the nest: batch …, m, n, k.
  const load = ({ buffer, strides, offset }: View, own: readonly number[]): Element => ({
    kind: 'load',
    dtype,
    buffer,
    at: { strides: [...strides.slice(0, -2), ...own], offset },
  });
  const factors = [
    load(a, [a.strides[rank - 2]!, 0, a.strides[rank - 1]!]),
    load(b, [0, b.strides[rank - 1]!, b.strides[rank - 2]!]),
  ];
  return {
    kind: 'reduce',
    name: 'sum',
    shape: [...shape, k],
    axes: [rank],
    element: { kind: 'point', dtype, name: 'mul', operands: factors },
    buffer: kernel.buffer,
    dtype,
  };
}

/** Elements as the arrays of the dtype would hold them. */
function constantOf(dtype: DType, value: number): Element {
  switch (dtype) {
    case 'float64':
      return { kind: 'constant', dtype, value };
    case 'float32':
      return { kind: 'constant', dtype, value: Math.fround(value) };
    case 'int32':
      return { kind: 'constant', dtype, value: value | 0 };
    case 'uint8':
      return { kind: 'constant', dtype, value: value & 255 };
    case 'bool':
      return { kind: 'constant', dtype, value: Number(!Object.is(value, 0)) };
  }
}

/** Whether the kernel of a primitive reads a layout as it is. */
function isReadable(node: ProgramNode, { shape, strides }: Layout): boolean {
  if (node.primitive === 'matmul') return true;
  const rowMajor = contiguousStrides(shape);
  return sameShape(
    shape.map((size, axis) => (size === 1 ? 0 : strides[axis]!)),
    shape.map((size, axis) => (size === 1 ? 0 : rowMajor[axis]!)),
  );
}

/**
 * A program as kernels: from readers to what they read, values that are needed at one place of one loop nest are
 * computed there. Movements become index arithmetic; element-wise chains join the loops of the maps and reductions
 * that read them. What several loop nests need, or what one of them would compute again and again, gets a buffer.
 */
export function fuse(program: Program): KernelProgram {
  return new Fuser(program).fuse();
}
