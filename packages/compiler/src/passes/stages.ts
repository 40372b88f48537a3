import { contiguousStrides, sameShape, type DType, type ValueId } from '@nadir/tensor';
import { costOf } from '../lower/cost.ts';
import {
  operandsOf,
  visitElements,
  type Affine,
  type Element,
  type FoldName,
  type RowKernel,
} from '../kernel.ts';

export type Fold = Extract<Element, { kind: 'fold' }>;

/** One pass over a row. In its elements, what an earlier stage has kept is a load of it. */
export interface Stage {
  /** What the row is folded to; the operand is that of the fold, as this stage computes it. */
  readonly folds: readonly { readonly fold: Fold; readonly operand: Element }[];
  readonly stores: readonly Store[];
}

export interface Store {
  /** A buffer, or a row of working memory: see {@link isKept}. */
  readonly buffer: ValueId;
  readonly element: Element;
  readonly at: Affine;
  /** How the elements of all rows of a block are folded, instead of stored one by one. */
  readonly down?: FoldName;
}

/** A row kernel as passes over each row. */
export interface RowPlan {
  readonly stages: readonly Stage[];
  /** What is stored once a row, when all stages are through. */
  readonly rowStores: readonly Store[];
  /** The rows of working memory, which hold what a later stage would otherwise compute again. */
  readonly kept: readonly DType[];
}

/** Below this it is as well computed again: it costs a store and a load. In elements of a simple vector loop. */
const worthKeeping = 3;

/** Whether a load or store is of a row of working memory, numbered −1, −2, … */
export function isKept(buffer: ValueId): boolean {
  return buffer < 0;
}

/** Tells whether an element is the same all along a row; what was folded is. */
function fixedAlong(axes: readonly number[]): (element: Element) => boolean {
  const known = new Map<Element, boolean>();
  const isFixed = (element: Element): boolean => {
    const before = known.get(element);
    if (before !== undefined) return before;
    const fixed =
      element.kind === 'load' || element.kind === 'index'
        ? axes.every((axis) => element.at.strides[axis] === 0)
        : element.kind !== 'point' || element.operands.every(isFixed);
    known.set(element, fixed);
    return fixed;
  };
  return isFixed;
}

/** The stage in which an element can be computed first: behind all folds below it. */
function stageOf(element: Element, known: Map<Element, number>): number {
  const before = known.get(element);
  if (before !== undefined) return before;
  const below = operandsOf(element).map((operand) => stageOf(operand, known));
  const stage = Math.max(0, ...below) + (element.kind === 'fold' ? 1 : 0);
  known.set(element, stage);
  return stage;
}

/** Elements before those that they are computed from. */
function readersFirst(elements: readonly Element[]): Element[] {
  const order: Element[] = [];
  const seen = new Set<Element>();
  const walk = (element: Element): void => {
    if (seen.has(element)) return;
    seen.add(element);
    for (const operand of operandsOf(element)) walk(operand);
    order.push(element);
  };
  for (const element of elements) walk(element);
  return order.reverse();
}

/** Cuts a row kernel into stages, and decides what a stage keeps for later ones. */
export function planRows({ shape, axes, roots }: RowKernel): RowPlan {
  const isFixed = fixedAlong(axes);
  const stageNumbers = new Map<Element, number>();
  const numberOf = (element: Element): number => stageOf(element, stageNumbers);
  const isPerRow = (at: Affine): boolean => axes.every((axis) => at.strides[axis] === 0 || shape[axis] === 1);
  const full = roots.filter((root) => !isPerRow(root.at));
  const folds: Fold[] = [];
  visitElements(
    roots.map((root) => root.element),
    (element) => {
      if (element.kind === 'fold') folds.push(element);
    },
  );
  // The stages in which each element that moves along the row is wanted.
  const wanted = new Map<Element, Set<number>>();
  const want = (element: Element, stages: Iterable<number>): void => {
    const set = wanted.get(element) ?? new Set();
    for (const stage of stages) set.add(stage);
    wanted.set(element, set);
  };
  for (const root of full) want(root.element, [numberOf(root.element)]);
  for (const fold of folds) want(fold.operand, [numberOf(fold.operand)]);
  const first = (element: Element): number => Math.min(...wanted.get(element)!);
  const loads = new Map<Element, Element>();
  const keeps: { readonly element: Element; readonly load: Extract<Element, { kind: 'load' }> }[] = [];
  const kept: DType[] = [];
  for (const element of readersFirst(roots.map((root) => root.element))) {
    const stages = wanted.get(element);
    if (stages === undefined || element.kind !== 'point' || isFixed(element)) continue;
    if (stages.size > 1) {
      const { dtype } = element;
      const root = full.find((each) => each.element === element && each.down === undefined);
      if (root !== undefined) loads.set(element, { kind: 'load', dtype, buffer: root.buffer, at: root.at });
      else if (costOf([element], true, isFixed) - 1 >= worthKeeping) {
        const load = {
          kind: 'load',
          dtype,
          buffer: -kept.push(dtype),
          at: rowPosition(shape, axes),
        } as const;
        loads.set(element, load);
        keeps.push({ element, load });
      }
    }
    for (const operand of element.operands) want(operand, loads.has(element) ? [first(element)] : stages);
  }
  const count =
    1 +
    Math.max(-1, ...full.map((root) => numberOf(root.element)), ...folds.map((fold) => numberOf(fold) - 1));
  const stages = Array.from({ length: count }, (_, stage): Stage => {
    const seen = new Map<Element, Element>();
    const inStage = (element: Element): Element => {
      const load = loads.get(element);
      if (load !== undefined && first(element) < stage) return load;
      if (element.kind !== 'point' || isFixed(element)) return element;
      const before = seen.get(element);
      if (before !== undefined) return before;
      const operands = element.operands.map(inStage);
      const isSame = operands.every((operand, i) => operand === element.operands[i]);
      const made = isSame ? element : { ...element, operands };
      seen.set(element, made);
      return made;
    };
    return {
      folds: folds
        .filter((fold) => numberOf(fold.operand) === stage)
        .map((fold) => ({ fold, operand: inStage(fold.operand) })),
      stores: [
        ...keeps
          .filter(({ element }) => first(element) === stage)
          .map(({ element, load }) => ({ buffer: load.buffer, element: inStage(element), at: load.at })),
        ...full
          .filter((root) => numberOf(root.element) === stage)
          .map((root) => ({ ...root, element: inStage(root.element) })),
      ],
    };
  });
  return { stages, rowStores: roots.filter((root) => isPerRow(root.at)), kept };
}

/** A row-major position along the row alone. */
function rowPosition(shape: readonly number[], axes: readonly number[]): Affine {
  const steps = contiguousStrides(axes.map((axis) => shape[axis]!));
  return {
    strides: shape.map((_, axis) => (axes.includes(axis) ? steps[axes.indexOf(axis)]! : 0)),
    offset: 0,
  };
}

/**
 * Whether a row kernel has read an element of one buffer for the last time when it stores that of another: it loads it at the
 * place that it stores, in no later stage.
 */
export function replacesInRows(kernel: RowKernel, old: ValueId, written: ValueId): boolean {
  const { stages, rowStores } = planRows(kernel);
  const storing = stages.findIndex(({ stores }) => stores.some(({ buffer }) => buffer === written));
  const root = kernel.roots.find(({ buffer }) => buffer === written);
  if (storing < 0 || root === undefined || root.down !== undefined) return false;
  const isFixed = fixedAlong(kernel.axes);
  let fits = true;
  const seen = new Set<Element>();
  const check = (element: Element, isOver: boolean): void => {
    if (element.kind === 'load' && element.buffer === old) {
      const { strides, offset } = element.at;
      const isSame = offset === root.at.offset && sameShape(strides, root.at.strides);
      // What is the same along the row may be loaded at any time.
      if (isOver || !isSame || isFixed(element)) fits = false;
    }
    // What was folded before is read no more.
    if (element.kind !== 'point' || seen.has(element)) return;
    seen.add(element);
    for (const operand of element.operands) check(operand, isOver);
  };
  stages.forEach(({ folds, stores }, stage) => {
    seen.clear();
    for (const { operand } of folds) check(operand, stage > storing);
    for (const { element } of stores) check(element, stage > storing);
  });
  seen.clear();
  for (const { element } of rowStores) check(element, true);
  return fits;
}
