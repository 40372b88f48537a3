import { contiguousStrides, sameShape, sizeOf, type Shape } from '@nadir/tensor';
import { mergeAxes } from '../lower/nest.ts';
import { isVector } from '../lower/vector-point.ts';
import {
  elementsOf,
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
import { GrowingNest } from './nests.ts';
import { Order } from './order.ts';
import { orderOf, placeAnew, refinement, splitStrides } from './places.ts';

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
    rows: 'direct',
    columns: 'packed',
    shape: [sizeOf(batch) * m, n],
    roots: [{ buffer, element: { kind: 'load', dtype, buffer, at: whole }, at: whole, whole: true }],
  };
}

/** Elements that a product is computed from. */
function factorSize({ batch, m, n, k }: MatmulKernel): number {
  return sizeOf(batch) * k * (m + n);
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

/** A product with the roots of a map kernel that reads it, or null. */
function withMap(kernel: MatmulKernel, map: Kernel): MatmulKernel | null {
  if (map.kind !== 'map' || !map.roots.every((root) => isComputable(root.element))) return null;
  const sides = sideBySide(kernel, map);
  if (sides === null) return null;
  const { shape, own, added } = sides;
  const nest = new GrowingNest({ shape, axes: [], roots: own });
  const fits = nest.add({ shape, axes: [], roots: added });
  if (!fits || nest.roots.length > mostRoots || nest.loads > mostLoads) return null;
  return { ...kernel, shape: nest.shape, roots: nest.roots };
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
    // Its factors are near now, and may be given away.
    if (sizeOf(kernel.shape) <= factorSize(kernel)) replace(order.soonest(place), kernel);
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
