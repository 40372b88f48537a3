import type { Shape } from '@nadir/tensor';
import type { Affine, Element, Root } from '../kernel.ts';

type Load = Extract<Element, { kind: 'load' }>;

/** Roots with other leaves; elements that were one object stay one. */
function withLeaves(roots: readonly Root[], leaf: (element: Element) => Element): Root[] {
  const made = new Map<Element, Element>();
  const anew = (element: Element): Element => {
    const before = made.get(element);
    if (before !== undefined) return before;
    const after =
      element.kind === 'point' ? { ...element, operands: element.operands.map(anew) } : leaf(element);
    made.set(element, after);
    return after;
  };
  return roots.map((root) => ({ ...root, element: anew(root.element) }));
}

/** Roots with every position replaced. */
export function placeAnew(roots: readonly Root[], place: (at: Affine) => Affine): Root[] {
  const moved = withLeaves(roots, (element) =>
    element.kind === 'load' || element.kind === 'index' ? { ...element, at: place(element.at) } : element,
  );
  return moved.map((root) => ({ ...root, at: place(root.at) }));
}

/** Roots with every load replaced. */
export function replaceLoads(roots: readonly Root[], replace: (load: Load) => Element): Root[] {
  return withLeaves(roots, (element) => (element.kind === 'load' ? replace(element) : element));
}

/**
 * The order of a loop nest's axes in which a position runs through all of a buffer of `size` elements from front to back; axes of
 * one index are left out. Null where there is none.
 */
export function orderOf(shape: Shape, { strides, offset }: Affine, size: number): number[] | null {
  const axes = shape.map((_, axis) => axis).filter((axis) => shape[axis] !== 1);
  axes.sort((x, y) => strides[y]! - strides[x]!);
  let run = size;
  for (const axis of axes) {
    if (strides[axis]! * shape[axis]! !== run) return null;
    run = strides[axis]!;
  }
  return offset === 0 && run === 1 ? axes : null;
}

/** The coarsest sizes that both lists can be cut into from the right, or null; both have one product. */
export function refinement(a: Shape, b: Shape): number[] | null {
  const cuts: number[] = [];
  const [left, right] = [[...a], [...b]];
  while (left.length > 0 && right.length > 0) {
    const [x, y] = [left.pop()!, right.pop()!];
    const least = Math.min(x, y);
    if (Math.max(x, y) % least !== 0) return null;
    cuts.unshift(least);
    if (x > least) left.push(x / least);
    if (y > least) right.push(y / least);
  }
  // What is left over are axes of one index.
  return [...left, ...right].every((size) => size === 1) ? cuts : null;
}

/** Strides over axes, as strides over the finer ones that they are cut into. */
export function splitStrides(strides: readonly number[], shape: Shape, finer: Shape): number[] {
  const result: number[] = [];
  let axis = shape.length - 1;
  let inside = 1;
  for (const size of finer.toReversed()) {
    while (axis > 0 && inside === shape[axis]!) {
      axis--;
      inside = 1;
    }
    result.unshift(strides[axis]! * inside);
    inside *= size;
  }
  return result;
}
