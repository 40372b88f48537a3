import type { Element, PointName } from '../kernel.ts';

/** Primitives that take a polynomial or a division, in elements of a simple vector loop; all others cost one. */
const dear: ReadonlyMap<PointName, number> = new Map([
  ['div', 4],
  ['sqrt', 4],
  ['exp', 8],
  ['log', 8],
  ['tanh', 12],
  ['sigmoid', 12],
  ['erf', 16],
  ['sin', 12],
  ['cos', 12],
  ['expm1', 60],
  ['log1p', 60],
  ['pow', 60],
  ['atan2', 60],
  ['remainder', 20],
]);

/** Cost of one primitive beside its loads, in elements of a simple vector loop. */
export function costOfPoint(name: PointName): number {
  return dear.get(name) ?? 0.5;
}

/** What a vector saves against four scalars, and they against a call of an imported function. */
const scalarFactor = 4;

/**
 * Rough cost of one turn of a loop that computes `elements`, in elements of a simple vector loop.
 *
 * @param isFree what is computed outside of the loop
 */
export function costOf(
  elements: readonly Element[],
  vectors: boolean,
  isFree: (element: Element) => boolean = () => false,
): number {
  const seen = new Set<Element>();
  const walk = (element: Element): number => {
    if (seen.has(element) || isFree(element)) return 0;
    seen.add(element);
    if (element.kind === 'load') return 1;
    if (element.kind !== 'point') return 0;
    return element.operands.reduce((sum, operand) => sum + walk(operand), (dear.get(element.name) ?? 1) / 2);
  };
  const cost = elements.reduce((sum, element) => sum + walk(element), elements.length);
  return vectors ? cost : cost * scalarFactor;
}
