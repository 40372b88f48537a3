import type { ProgramNode, ValueId, ValueType } from '@nadir/tensor';
import { beforeScatter } from './pool-rewrites.ts';

/** A node under construction; the ids of its operands are those of the new program. */
export interface Draft {
  readonly primitive: ProgramNode['primitive'];
  readonly operands: readonly ValueId[];
  readonly attributes: object;
  readonly type: ValueType;
}

/** What a rewrite may ask of the program that is being built. */
export interface Drafts {
  /** The node that makes a value; undefined for arguments and states. */
  draftOf(id: ValueId): Draft | undefined;
  typeOf(id: ValueId): ValueType;
  /** The number that every element of a value is, or undefined. */
  constantOf(id: ValueId): number | undefined;
  /** The value of a node, new or known. */
  add(draft: Draft): ValueId;
}

function permute(drafts: Drafts, id: ValueId, axes: readonly number[]): ValueId {
  const { shape, dtype } = drafts.typeOf(id);
  const type = { shape: axes.map((axis) => shape[axis]!), dtype };
  return drafts.add({ primitive: 'permute', operands: [id], attributes: { axes }, type });
}

/** (A·B)ᵀ = Bᵀ·Aᵀ: a product reads its operands in any layout, and its result then lies as it is wanted. */
function transposedProduct(drafts: Drafts, draft: Draft, product: Draft): Draft | undefined {
  const { axes } = draft.attributes as { readonly axes: readonly number[] };
  const rank = axes.length;
  const swap = axes.map((_, i) => (i === rank - 2 ? rank - 1 : i === rank - 1 ? rank - 2 : i));
  if (axes.some((axis, i) => axis !== swap[i])) return undefined;
  const operands = product.operands.map((id) => permute(drafts, id, swap)).toReversed();
  return { ...product, operands, type: draft.type };
}

/** The axes of a concatenation in another order: the parts are moved, not the whole. */
function permutedParts(drafts: Drafts, draft: Draft, whole: Draft): Draft {
  const { axes } = draft.attributes as { readonly axes: readonly number[] };
  const { axis } = whole.attributes as { readonly axis: number };
  return {
    primitive: 'concat',
    operands: whole.operands.map((id) => permute(drafts, id, axes)),
    attributes: { axis: axes.indexOf(axis) },
    type: draft.type,
  };
}

/** Values that lie side by side along one axis, with zeros between them. */
interface Placement {
  readonly axis: number;
  readonly parts: readonly { readonly start: number; readonly id: ValueId }[];
}

/** Where a padding with zeros puts its operand, if it pads one axis at its ends. */
function placementOf(drafts: Drafts, id: ValueId): Placement | undefined {
  const draft = drafts.draftOf(id);
  if (draft?.primitive === 'concat') {
    const { axis } = draft.attributes as { readonly axis: number };
    let end = 0;
    const parts = draft.operands.map((part) => {
      const start = end;
      end += drafts.typeOf(part).shape[axis]!;
      return { start, id: part };
    });
    return { axis, parts: parts.filter((part) => !Object.is(drafts.constantOf(part.id), 0)) };
  }
  if (draft?.primitive !== 'pad') return undefined;
  const { low, high, interior, value } = draft.attributes as {
    readonly low: readonly number[];
    readonly high: readonly number[];
    readonly interior: readonly number[];
    readonly value: number;
  };
  const padded = low.flatMap((size, axis) => (size !== 0 || high[axis] !== 0 ? [axis] : []));
  const [axis] = padded;
  const { shape } = drafts.typeOf(draft.operands[0]!);
  const isPlain =
    Object.is(value, 0) && interior.every((gap, i) => gap === 0 || shape[i]! <= 1) && padded.length === 1;
  if (!isPlain || low[axis!]! < 0 || high[axis!]! < 0) return undefined;
  return { axis: axis!, parts: [{ start: low[axis!]!, id: draft.operands[0]! }] };
}

/**
 * The sum of values that were padded with zeros to lie side by side, as the gradients of slices are: their concatenation,
 * with zeros where none of them is. Each gets + 0, which is what the sum does to −0.
 */
function sumOfPlaced(drafts: Drafts, draft: Draft, isSole: readonly boolean[]): Draft | undefined {
  const placements = draft.operands.map((id, i) =>
    drafts.draftOf(id)?.primitive === 'pad' || isSole[i] === true ? placementOf(drafts, id) : undefined,
  );
  const [a, b] = placements;
  if (a === undefined || b === undefined || a.axis !== b.axis) return undefined;
  const { axis } = a;
  const { shape, dtype } = draft.type;
  const full = (size: number): ValueId => {
    const type = { shape: shape.map((n, i) => (i === axis ? size : n)), dtype };
    return drafts.add({ primitive: 'full', operands: [], attributes: { ...type, value: 0 }, type });
  };
  const parts = [...a.parts, ...b.parts].toSorted((left, right) => left.start - right.start);
  const operands: ValueId[] = [];
  let end = 0;
  for (const { start, id } of parts) {
    if (start < end) return undefined;
    if (start > end) operands.push(full(start - end));
    const type = drafts.typeOf(id);
    const size = type.shape[axis]!;
    operands.push(drafts.add({ primitive: 'add', operands: [id, full(size)], attributes: {}, type }));
    end = start + size;
  }
  if (end < shape[axis]!) operands.push(full(shape[axis]! - end));
  return { primitive: 'concat', operands, attributes: { axis }, type: draft.type };
}

/**
 * Rewrites that trade no exactness, and pay when a node alone reads what it rewrites.
 *
 * @param isSole for every operand, whether the node is its only reader
 */
export function rewritten(drafts: Drafts, draft: Draft, isSole: readonly boolean[]): Draft | undefined {
  if (draft.primitive === 'add') return sumOfPlaced(drafts, draft, isSole);
  if (draft.primitive === 'where' || draft.primitive === 'sum') return beforeScatter(drafts, draft, isSole);
  if (draft.primitive !== 'permute' || isSole[0] !== true) return undefined;
  const before = drafts.draftOf(draft.operands[0]!);
  if (before?.primitive === 'matmul') return transposedProduct(drafts, draft, before);
  return before?.primitive === 'concat' ? permutedParts(drafts, draft, before) : undefined;
}

/**
 * For y = where(x ≤ k, k, x), the comparison y ≤ k, which holds wherever x ≤ k does: a later reader of the mask, such as
 * the gradient of relu, then needs only y, which is kept for other reasons.
 */
export function maskOfResult(drafts: Drafts, draft: Draft, result: ValueId): Draft | undefined {
  if (draft.primitive !== 'where') return undefined;
  const [mask, low, high] = draft.operands as readonly [ValueId, ValueId, ValueId];
  const comparison = drafts.draftOf(mask);
  if (comparison?.primitive !== 'le') return undefined;
  const bound = drafts.constantOf(low);
  const [x, limit] = comparison.operands as readonly [ValueId, ValueId];
  const isClamp = bound !== undefined && Object.is(drafts.constantOf(limit), bound) && x === high;
  return isClamp ? { ...comparison, operands: [result, limit] } : undefined;
}
