import { contiguousStrides, sameShape, sizeOf, type Shape, type ValueId } from '@nadir/tensor';
import { mergeAxes } from '../lower/nest.ts';
import { isVector } from '../lower/vector-point.ts';
import {
  elementsOf,
  readsOf,
  visitElements,
  visitLoads,
  writesOf,
  type Affine,
  type Element,
  type Kernel,
  type KernelProgram,
  type MapKernel,
  type MatmulKernel,
  type PrimitiveKernel,
  type Root,
  type View,
} from '../kernel.ts';
import { join } from './group.ts';
import { orderOf, placeAnew, refinement, splitStrides } from './nests.ts';

/** Stores and loads of one loop beyond which it runs out of registers. */
const mostRoots = 8;
const mostLoads = 20;

/** A product as a kernel of its own; a batch whose items share the second factor is one taller product. */
function toMatmul({ node, operands, buffer }: PrimitiveKernel): MatmulKernel {
  const [a, b] = operands as readonly [View, View];
  const { shape } = node.type;
  const dtype = node.type.dtype as MatmulKernel['dtype'];
  const [rows, n] = shape.slice(-2) as [number, number];
  const outer = shape.slice(0, -2);
  const nest = mergeAxes(
    outer,
    outer.map((_, axis) => axis),
    outer.length,
    [a, b].map(({ strides }) => ({ strides: strides.slice(0, -2), offset: 0 })),
  );
  const [aBatch, bBatch] = nest.strides as [number[], number[]];
  const isTall =
    nest.sizes.length === 0 ||
    (nest.sizes.length === 1 && bBatch[0] === 0 && aBatch[0] === a.strides.at(-2)! * rows);
  const batch = isTall ? [] : nest.sizes;
  const m = isTall ? sizeOf(outer) * rows : rows;
  const load = (view: View, strides: readonly number[]): MatmulKernel['a'] => ({
    kind: 'load',
    dtype,
    buffer: view.buffer,
    at: { strides: [...(isTall ? [] : strides), ...view.strides.slice(-2)], offset: view.offset },
  });
  const whole = { strides: [n, 1], offset: 0 };
  return {
    kind: 'matmul',
    value: buffer,
    dtype,
    batch,
    m,
    n,
    k: a.shape.at(-1)!,
    a: load(a, aBatch),
    b: load(b, bBatch),
    vectors: 'b',
    isPacked: false,
    shape: [sizeOf(batch) * m, n],
    roots: [{ buffer, element: { kind: 'load', dtype, buffer, at: whole }, at: whole, whole: true }],
  };
}

function sameAffine(a: Affine, b: Affine): boolean {
  return a.offset === b.offset && sameShape(a.strides, b.strides);
}

/** Whether the loops of a product can compute an element: in vectors, or without a function that only one thread has. */
function isComputable(element: Element): boolean {
  if (isVector(element)) return true;
  let isPlain = true;
  visitElements([element], (part) => {
    if (part.kind === 'point' && (part.name === 'erf' || part.name === 'remainder')) isPlain = false;
  });
  return isPlain;
}

/**
 * The loops of a map kernel in the order in which a product is stored, beside those of the product's roots; null where the map goes
 * through the product in another way than row by row, each element once.
 */
function sideBySide(
  kernel: MatmulKernel,
  map: MapKernel,
): { readonly shape: Shape; readonly own: Root[]; readonly added: Root[] } | null {
  const written = new Set([kernel.value, ...writesOf(kernel)]);
  let at: Affine | null = null;
  let fits = true;
  visitLoads(elementsOf(map), (load) => {
    if (!written.has(load.buffer)) return;
    if (at !== null && !sameAffine(at, load.at)) fits = false;
    at = load.at;
  });
  const order = fits && at !== null ? orderOf(map.shape, at, sizeOf(kernel.shape)) : null;
  if (order === null) return null;
  const sizes = order.map((axis) => map.shape[axis]!);
  // The axes that make up a row of the product become one.
  let first = sizes.length;
  for (let count = 1; count < kernel.n && first > 0;) count *= sizes[--first]!;
  if (sizes.slice(first).reduce((product, size) => product * size, 1) !== kernel.n) return null;
  const runsOn = ({ strides }: Affine): boolean =>
    sizes.slice(first + 1).every((size, i) => {
      const [outer, inner] = [strides[order[first + i]!]!, strides[order[first + i + 1]!]!];
      return outer === inner * size;
    });
  const affines: Affine[] = map.roots.map((root) => root.at);
  visitElements(elementsOf(map), (element) => {
    if (element.kind === 'load' || element.kind === 'index') affines.push(element.at);
  });
  if (!affines.every(runsOn)) return null;
  if (!map.roots.every(({ at: { strides } }) => strides[order.at(-1)!] === 1)) return null;
  const rows = refinement(kernel.shape.slice(0, -1), sizes.slice(0, first));
  if (rows === null) return null;
  const shape = [...rows, kernel.n];
  const split = (strides: readonly number[], from: Shape): number[] => [
    ...splitStrides(strides.slice(0, -1), from, rows),
    strides.at(-1)!,
  ];
  const own = placeAnew(kernel.roots, (place) => ({
    ...place,
    strides: split(place.strides, kernel.shape.slice(0, -1)),
  }));
  const moved = placeAnew(map.roots, ({ strides, offset }) => {
    const inOrder = order.slice(0, first).map((axis) => strides[axis]!);
    return { strides: split([...inOrder, strides[order.at(-1)!]!], sizes.slice(0, first)), offset };
  });
  const rowMajor = contiguousStrides(shape);
  const added = moved.map((root) => ({ ...root, whole: root.whole && sameShape(root.at.strides, rowMajor) }));
  return { shape, own, added };
}

/** Kernels in an order, by numbers between which there is always room. */
class Order {
  readonly #program: KernelProgram;
  readonly #kernels = new Map<number, Kernel>();
  readonly #readers = new Map<ValueId, Set<number>>();
  readonly #writers = new Map<ValueId, Set<number>>();
  /** From a buffer to the state that it is the new value of. */
  readonly #states: ReadonlyMap<ValueId, ValueId>;

  constructor(program: KernelProgram) {
    this.#program = program;
    const states = new Map<number, ValueId>();
    for (const { id, origin, index } of program.buffers.values())
      if (origin === 'state') states.set(index, id);
    this.#states = new Map(program.writes.map(({ state, buffer }) => [buffer, states.get(state)!]));
    program.kernels.forEach((kernel, place) => this.put(place, kernel));
  }

  get kernels(): Kernel[] {
    return [...this.#kernels].sort(([x], [y]) => x - y).map(([, kernel]) => kernel);
  }

  at(place: number): Kernel {
    return this.#kernels.get(place)!;
  }

  put(place: number, kernel: Kernel): void {
    const note = (map: Map<ValueId, Set<number>>, id: ValueId): void => {
      const places = map.get(id) ?? new Set();
      map.set(id, places.add(place));
    };
    this.#kernels.set(place, kernel);
    for (const id of readsOf(kernel)) note(this.#readers, id);
    for (const id of writesOf(kernel)) note(this.#writers, id);
  }

  take(place: number): void {
    const kernel = this.at(place);
    for (const id of readsOf(kernel)) this.#readers.get(id)!.delete(place);
    for (const id of writesOf(kernel)) this.#writers.get(id)!.delete(place);
    this.#kernels.delete(place);
  }

  readersOf(id: ValueId): readonly number[] {
    return [...(this.#readers.get(id) ?? [])].sort((x, y) => x - y);
  }

  isWanted(id: ValueId): boolean {
    const { results, writes } = this.#program;
    return (
      this.readersOf(id).length > 0 || results.includes(id) || writes.some(({ buffer }) => buffer === id)
    );
  }

  /** The least number above a place that some kernel has. */
  #after(place: number): number {
    let next = Infinity;
    for (const other of this.#kernels.keys()) if (other > place && other < next) next = other;
    return next;
  }

  /**
   * Where the product at `place` and the map at `later` can be one kernel: as early as all that the map reads is there, and as what it
   * changes is no longer read. Null where that is too late for others that read the product.
   */
  meetingPlace(place: number, later: number): number | null {
    const [product, map] = [this.at(place), this.at(later)];
    const own = new Set(writesOf(product));
    let earliest = place;
    const wait = (places: Iterable<number>): void => {
      for (const other of places) if (other < later && other > earliest) earliest = other;
    };
    for (const id of readsOf(map)) if (!own.has(id)) wait(this.#writers.get(id) ?? []);
    for (const id of writesOf(map)) {
      wait(this.#writers.get(id)!);
      const state = this.#states.get(id);
      if (state !== undefined) wait(this.#readers.get(state) ?? []);
    }
    if (earliest === place) return place;
    const next = this.#after(earliest);
    const meeting = next === later ? later : (earliest + next) / 2;
    const isBetween = (other: number): boolean => other > place && other < meeting;
    for (const id of own) if (this.readersOf(id).some(isBetween)) return null;
    // A state that the product reads must not get its new value before.
    const read = readsOf(product);
    for (const [buffer, state] of this.#states)
      if (read.has(state) && [...(this.#writers.get(buffer) ?? [])].some(isBetween)) return null;
    return meeting;
  }
}

/** A product with the roots of a map kernel that reads it, or null. */
function withMap(kernel: MatmulKernel, map: Kernel): MatmulKernel | null {
  if (map.kind !== 'map' || !map.roots.every((root) => isComputable(root.element))) return null;
  const sides = sideBySide(kernel, map);
  if (sides === null) return null;
  const { shape, own, added } = sides;
  const first: MapKernel = { kind: 'map', shape, roots: own };
  const { roots } = join(first, { kind: 'map', shape, roots: added });
  const loads = new Set<Element>();
  visitLoads(
    roots.map((root) => root.element),
    (load) => loads.add(load),
  );
  return roots.length <= mostRoots && loads.size <= mostLoads ? { ...kernel, shape, roots } : null;
}

/**
 * Lets element-wise loops that read a matrix product join it: bias, activation, residual sum, and the update of a weight whose gradient the
 * product is, are computed for each block of it while the block is in the cache, and the product itself is stored only where others read it.
 */
export function attach(program: KernelProgram): KernelProgram {
  const order = new Order(program);
  const buffers = new Map(program.buffers);
  program.kernels.forEach((primitive, start) => {
    if (primitive.kind !== 'primitive' || primitive.node.primitive !== 'matmul') return;
    let kernel = toMatmul(primitive);
    let place = start;
    const replace = (next: number, joined: MatmulKernel): void => {
      order.take(place);
      order.put(next, joined);
      [place, kernel] = [next, joined];
    };
    replace(place, kernel);
    const joinOne = (): boolean => {
      for (const later of new Set(writesOf(kernel).flatMap((id) => order.readersOf(id)))) {
        const joined = withMap(kernel, order.at(later));
        const meeting = joined === null ? null : order.meetingPlace(place, later);
        if (joined === null || meeting === null) continue;
        order.take(later);
        replace(meeting, joined);
        return true;
      }
      return false;
    };
    while (joinOne());
    if (order.isWanted(kernel.value)) return;
    replace(place, { ...kernel, roots: kernel.roots.filter((root) => root.buffer !== kernel.value) });
    buffers.delete(kernel.value);
  });
  return { ...program, buffers, kernels: order.kernels };
}
