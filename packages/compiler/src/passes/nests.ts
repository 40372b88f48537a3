import { sameShape, sizeOf, type Shape, type ValueId } from '@nadir/tensor';
import {
  keptPosition,
  visitElements,
  visitLoads,
  type Affine,
  type Element,
  type Kernel,
  type Root,
} from '../kernel.ts';

/** The loops of a map, a reduction or a row kernel, as one thing: without `axes` there are no rows. */
export interface Nest {
  readonly shape: Shape;
  readonly axes: readonly number[];
  readonly roots: readonly Root[];
}

/** A kernel's loops, or null for kernels of another kind and for those that store a part of a buffer. */
export function nestOf(kernel: Kernel): Nest | null {
  switch (kernel.kind) {
    case 'map':
      return kernel.roots.every((root) => root.whole) ? { ...kernel, axes: [] } : null;
    case 'rows':
      return kernel;
    case 'reduce': {
      const { name, shape, axes, element, buffer, dtype, block } = kernel;
      // Nothing to fold, or rows of nothing.
      if (block !== undefined || shape.includes(0) || axes.every((axis) => shape[axis] === 1)) return null;
      const fold: Element = { kind: 'fold', dtype, name, operand: element };
      return { shape, axes, roots: [{ buffer, element: fold, at: keptPosition(shape, axes), whole: true }] };
    }
    default:
      return null;
  }
}

/** The kernel with these loops. */
export function kernelOf(nest: Nest): Kernel {
  const { shape, axes, roots } = nest;
  if (axes.length === 0) return { kind: 'map', shape, roots };
  return loneFold(nest) ?? { kind: 'rows', shape, axes, roots };
}

/** Rows that are folded once, and no more, as a reduction. */
function loneFold({ shape, axes, roots }: Nest): Kernel | null {
  const [root] = roots;
  if (roots.length > 1 || root?.element.kind !== 'fold') return null;
  const { name, operand, dtype } = root.element;
  let isPlain = true;
  visitElements([operand], ({ kind }) => (isPlain &&= kind !== 'fold'));
  return isPlain ? { kind: 'reduce', name, shape, axes, element: operand, buffer: root.buffer, dtype } : null;
}

type Load = Extract<Element, { kind: 'load' }>;

/** For each axis of a shape the axes of a finer one that it is cut into. */
type Cut = readonly (readonly number[])[];

interface Refinement {
  readonly shape: number[];
  readonly first: Cut;
  readonly second: Cut;
}

/** The coarsest shape that cuts both, without axes of one element; null where the axes of one cross those of the other. */
export function refine(a: Shape, b: Shape): Refinement | null {
  const shape: number[] = [];
  const first: number[][] = a.map(() => []);
  const second: number[][] = b.map(() => []);
  let [i, j] = [0, 0];
  let [restA, restB] = [a[0] ?? 1, b[0] ?? 1];
  for (;;) {
    while (restA === 1 && i < a.length) restA = a[++i] ?? 1;
    while (restB === 1 && j < b.length) restB = b[++j] ?? 1;
    if (i >= a.length || j >= b.length) break;
    // From the outside in: the longer axis begins with the whole of the shorter one.
    const size = Math.min(restA, restB);
    if (restA % size !== 0 || restB % size !== 0) return null;
    first[i]!.push(shape.length);
    second[j]!.push(shape.length);
    shape.push(size);
    restA /= size;
    restB /= size;
  }
  return restA === restB ? { shape, first, second } : null;
}

/** A position over axes that were cut. */
function cutPosition({ strides, offset }: Affine, cut: Cut, shape: Shape): Affine {
  const fine = new Array<number>(shape.length).fill(0);
  cut.forEach((parts, axis) => {
    let step = strides[axis]!;
    for (let p = parts.length - 1; p >= 0; p--) {
      fine[parts[p]!] = step;
      step *= shape[parts[p]!]!;
    }
  });
  return { strides: fine, offset };
}

/** The loops that two nests can share: how the axes of both are cut, and which of them make a row. */
interface Shared extends Refinement {
  readonly axes: readonly number[];
}

const axesOf = (cut: Cut, axes: readonly number[]): number[] => axes.flatMap((axis) => cut[axis]!);

function sharedLoops(a: Nest, b: Nest): Shared | null {
  if (sizeOf(a.shape) === sizeOf(b.shape)) {
    const fine = refine(a.shape, b.shape);
    if (fine === null) return null;
    const rows = [axesOf(fine.first, a.axes), axesOf(fine.second, b.axes)] as const;
    if (a.axes.length > 0 && b.axes.length > 0 && !sameShape(rows[0], rows[1])) return null;
    return { ...fine, axes: a.axes.length > 0 ? rows[0] : rows[1] };
  }
  // One element for each row of the other.
  if (b.axes.length === 0) return perRow(a, b);
  const shared = a.axes.length === 0 ? perRow(b, a) : null;
  return shared === null ? null : { ...shared, first: shared.second, second: shared.first };
}

function perRow({ shape, axes }: Nest, kept: Nest): Shared | null {
  const outer = shape.filter((_, axis) => !axes.includes(axis));
  const fine = axes.length === 0 ? null : refine(outer, kept.shape);
  if (fine === null) return null;
  // The axes of the rows come back to where they were.
  const whole: number[] = [];
  const moved: number[] = [];
  let next = 0;
  const first = shape.map((size, axis) => {
    if (axes.includes(axis)) return size === 1 ? [] : [whole.push(size) - 1];
    return fine.first[next++]!.map((part) => (moved[part] = whole.push(fine.shape[part]!) - 1));
  });
  const second = fine.second.map((parts) => parts.map((part) => moved[part]!));
  return { shape: whole, first, second, axes: axesOf(first, axes) };
}

function sameAffine(a: Affine, b: Affine): boolean {
  return a.offset === b.offset && sameShape(a.strides, b.strides);
}

const affineKey = ({ strides, offset }: Affine): string => `${strides.join()}+${offset}`;

/** Makes elements over one shape, equal ones once. */
class ElementPool {
  readonly #known = new Map<string, Element>();
  readonly #ids = new Map<Element, number>();
  /** What takes the place of a load. */
  readonly stored: Map<ValueId, Root> = new Map();
  /** The buffers that are loaded from, and how many different places. */
  readonly loaded: Set<ValueId> = new Set();
  loads = 0;

  #unique(key: string, element: Element): Element {
    const before = this.#known.get(key);
    if (before !== undefined) return before;
    this.#known.set(key, element);
    this.#ids.set(element, this.#ids.size);
    return element;
  }

  /** Adds roots over axes that are cut on their way. */
  add(roots: readonly Root[], cut: Cut, shape: Shape): Root[] {
    const made = new Map<Element, Element>();
    const copy = (element: Element): Element => {
      const before = made.get(element);
      if (before !== undefined) return before;
      const after = this.#copied(element, (at) => cutPosition(at, cut, shape), copy);
      made.set(element, after);
      return after;
    };
    return roots.map((root) => {
      const placed = { ...root, element: copy(root.element), at: cutPosition(root.at, cut, shape) };
      this.stored.set(root.buffer, placed);
      return placed;
    });
  }

  #copied(element: Element, move: (at: Affine) => Affine, copy: (element: Element) => Element): Element {
    switch (element.kind) {
      case 'load': {
        const stored = this.stored.get(element.buffer);
        if (stored !== undefined) return stored.element;
        const at = move(element.at);
        const load: Load = { ...element, at };
        const known = this.#unique(`load ${element.buffer} ${affineKey(at)}`, load);
        if (known === load) this.loads++;
        this.loaded.add(element.buffer);
        return known;
      }
      case 'index': {
        const at = move(element.at);
        return this.#unique(`index ${element.dtype} ${affineKey(at)}`, { ...element, at });
      }
      case 'constant': {
        const number = Object.is(element.value, -0) ? '-0' : element.value;
        return this.#unique(`constant ${element.dtype} ${number}`, element);
      }
      case 'fold': {
        const operand = copy(element.operand);
        const key = `fold ${element.name} ${element.dtype} ${this.#ids.get(operand)}`;
        return this.#unique(key, { ...element, operand });
      }
      case 'point': {
        const operands = element.operands.map(copy);
        const key = `${element.name} ${element.dtype} ${operands.map((each) => this.#ids.get(each)).join()}`;
        return this.#unique(key, { ...element, operands });
      }
    }
  }
}

const whole = (shape: Shape): Cut => shape.map((_, axis) => [axis]);

/** A nest that takes in others. What one stores, a later one takes from the turn of the loop instead of from memory. */
export class GrowingNest implements Nest {
  shape: Shape;
  axes: readonly number[];
  roots: readonly Root[];
  #pool = new ElementPool();

  constructor({ shape, axes, roots }: Nest) {
    this.shape = shape;
    this.axes = axes;
    this.roots = this.#pool.add(roots, whole(shape), shape);
  }

  /** How many different places are loaded from. */
  get loads(): number {
    return this.#pool.loads;
  }

  /** How many places of buffers that this nest has nothing to do with another one loads from. */
  newLoads(nest: Nest): number {
    const { stored, loaded } = this.#pool;
    const places = new Set<string>();
    visitLoads(
      nest.roots.map((root) => root.element),
      ({ buffer, at }) => {
        if (!stored.has(buffer) && !loaded.has(buffer)) places.add(`${buffer} ${affineKey(at)}`);
      },
    );
    return places.size;
  }

  /**
   * Takes in a nest that comes behind. Returns false, with nothing changed, where the loops do not fit, or where it reads
   * what this one stores at another place than that which the turn has just computed.
   */
  add(nest: Nest): boolean {
    const shared = sharedLoops(this, nest);
    if (shared === null || !this.#isInPlace(nest, shared)) return false;
    const isSame = sameShape(shared.shape, this.shape);
    if (!isSame) {
      this.#pool = new ElementPool();
      this.roots = this.#pool.add(this.roots, shared.first, shared.shape);
    }
    this.shape = shared.shape;
    this.axes = shared.axes;
    this.roots = [...this.roots, ...this.#pool.add(nest.roots, shared.second, shared.shape)];
    return true;
  }

  #isInPlace(nest: Nest, { shape, first, second }: Shared): boolean {
    let fits = true;
    visitLoads(
      nest.roots.map((root) => root.element),
      (load) => {
        const stored = this.#pool.stored.get(load.buffer);
        if (stored === undefined || !fits) return;
        fits =
          stored.down === undefined &&
          sameAffine(cutPosition(load.at, second, shape), cutPosition(stored.at, first, shape));
      },
    );
    return fits;
  }

  /** Leaves out roots that nobody needs. */
  keep(isNeeded: (buffer: ValueId) => boolean): void {
    this.roots = this.roots.filter((root) => isNeeded(root.buffer));
  }
}
