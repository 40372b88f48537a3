import type { PoolAttributes, ValueId } from '@nadir/tensor';
import type { Draft, Drafts } from './rewrites.ts';

const comparisons: ReadonlySet<string> = new Set(['eq', 'lt', 'le']);

function full(drafts: Drafts, like: ValueId, value: number): ValueId {
  const { shape, dtype } = drafts.typeOf(like);
  const type = { shape, dtype };
  return drafts.add({ primitive: 'full', operands: [], attributes: { ...type, value }, type });
}

/**
 * A gradient that a pool scatters to its greatest elements, and that is then masked by a comparison of the elements with a number: masked
 * before it is scattered, by the same comparison of what the pool gave, which is the element wherever a gradient arrives.
 */
function maskedScatter(drafts: Drafts, draft: Draft, isSole: readonly boolean[]): Draft | undefined {
  const [mask, ...branches] = draft.operands as readonly [ValueId, ValueId, ValueId];
  const place = branches.findIndex((id) => drafts.draftOf(id)?.primitive === 'maxPoolScatter');
  if (place < 0 || isSole[place + 1] !== true || !Object.is(drafts.constantOf(branches[1 - place]!), 0))
    return undefined;
  const scatter = drafts.draftOf(branches[place]!)!;
  const [elements, gradient] = scatter.operands as readonly [ValueId, ValueId];
  const comparison = drafts.draftOf(mask);
  if (comparison === undefined || !comparisons.has(comparison.primitive)) return undefined;
  const isOfElements = comparison.operands.every(
    (id) => id === elements || drafts.constantOf(id) !== undefined,
  );
  if (!isOfElements) return undefined;
  const type = drafts.typeOf(gradient);
  const pooled = drafts.add({
    primitive: 'maxPool',
    operands: [elements],
    attributes: scatter.attributes,
    type: { shape: type.shape, dtype: drafts.typeOf(elements).dtype },
  });
  const where = drafts.add({
    ...comparison,
    operands: comparison.operands.map((id) =>
      id === elements ? pooled : full(drafts, pooled, drafts.constantOf(id)!),
    ),
    type: { shape: type.shape, dtype: 'bool' },
  });
  const zero = full(drafts, gradient, 0);
  const parts = place === 0 ? [gradient, zero] : [zero, gradient];
  const masked = drafts.add({ primitive: 'where', operands: [where, ...parts], attributes: {}, type });
  return { ...scatter, operands: [elements, masked] };
}

/** Whether every window sees an element: those before and after lie in the padding by less than their reach. */
function seesElements(
  { kernel, padding, dilation, stride }: PoolAttributes,
  size: readonly number[],
  count: readonly number[],
): boolean {
  return ([0, 1] as const).every((axis) => {
    const windows = Array.from(
      { length: count[axis]! },
      (_, place) => place * stride[axis] - padding[axis][0],
    );
    return windows.every((start) =>
      Array.from({ length: kernel[axis] }, (_, tap) => start + tap * dilation[axis]).some(
        (at) => at >= 0 && at < size[axis]!,
      ),
    );
  });
}

/** The sum of planes to which a pool scatters a gradient is that of the gradient: every window has one place for its own. */
function sumOfScatter(drafts: Drafts, draft: Draft): Draft | undefined {
  const scatter = drafts.draftOf(draft.operands[0]!);
  if (scatter?.primitive !== 'maxPoolScatter') return undefined;
  const { axes } = draft.attributes as { readonly axes: readonly number[] };
  const [elements, gradient] = scatter.operands.map((id) => drafts.typeOf(id));
  const isWhole = axes.includes(2) && axes.includes(3);
  const attributes = scatter.attributes as PoolAttributes;
  if (!isWhole || !seesElements(attributes, elements!.shape.slice(2), gradient!.shape.slice(2)))
    return undefined;
  return { ...draft, operands: [scatter.operands[1]!] };
}

/**
 * What follows the gradient of a max pool is done before it, to fewer elements.
 *
 * @param isSole for every operand, whether the node is its only reader
 */
export function beforeScatter(drafts: Drafts, draft: Draft, isSole: readonly boolean[]): Draft | undefined {
  if (draft.primitive === 'where') return maskedScatter(drafts, draft, isSole);
  return draft.primitive === 'sum' ? sumOfScatter(drafts, draft) : undefined;
}
