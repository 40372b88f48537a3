import { apply } from '../dispatch.ts';
import { ShapeError, ValueError } from '../errors.ts';
import { binary } from '../operands.ts';
import { none } from '../primitives.ts';
import { formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { contractionDType, diagonal, permuted } from './linear-algebra.ts';
import { cast, reshape } from './shape.ts';

/** A tensor whose axes have labels: a letter, or `.0`, `.1`, … for the axes of an ellipsis, counted from the last. */
interface Term {
  readonly tensor: Tensor;
  readonly labels: readonly string[];
}

function fail(equation: string, why: string): never {
  throw new ValueError(`einsum(): ${why}, got '${equation}'. Write terms as in 'bij,bjk->bik'.`);
}

/** The labels of one term of the equation; the ellipsis stands for `dots` axes. */
function labelsOf(equation: string, term: string, dots: number): string[] {
  const [before = '', after, ...more] = term.split('...');
  if (more.length > 0) fail(equation, `a term holds at most one ellipsis, '${term}' has more`);
  const letters = `${before}${after ?? ''}`;
  for (const letter of letters) {
    if (!/[A-Za-z]/.test(letter)) fail(equation, `labels must be letters, '${letter}' is none`);
  }
  if (after === undefined) return [...before];
  const ellipsis = Array.from({ length: dots }, (_, i) => `.${dots - 1 - i}`);
  return [...before, ...ellipsis, ...after];
}

function termOf(equation: string, text: string, tensor: Tensor, position: number): Term {
  const letters = labelsOf(equation, text, 0).length;
  const hasEllipsis = text.includes('...');
  if (hasEllipsis ? letters > tensor.rank : letters !== tensor.rank) {
    throw new ShapeError(
      `einsum(): term '${text}' must have a label per axis, got operand ${position} of shape ${formatShape(tensor.shape)}.`,
    );
  }
  return { tensor, labels: labelsOf(equation, text, hasEllipsis ? tensor.rank - letters : 0) };
}

/** Repeated labels become one: the diagonal of their axes. */
function withoutRepeats(term: Term): Term {
  const { tensor, labels } = term;
  const second = labels.findIndex((label, axis) => labels.indexOf(label) < axis);
  if (second < 0) return term;
  const first = labels.indexOf(labels[second]!);
  if (tensor.shape[first] !== tensor.shape[second]) {
    throw new ShapeError(
      `einsum(): axes with the label '${labels[second]}' must have one size, got ${formatShape(tensor.shape)}.`,
    );
  }
  const rest = labels.filter((_, axis) => axis !== first && axis !== second);
  return withoutRepeats({
    tensor: diagonal(tensor, { rowAxis: first, columnAxis: second }),
    labels: [...rest, labels[first]!],
  });
}

/** The size of every label: axes of size 1 broadcast. */
function labelSizes(terms: readonly Term[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { tensor, labels } of terms) {
    labels.forEach((label, axis) => {
      const size = tensor.shape[axis]!;
      const known = sizes.get(label) ?? 1;
      if (known !== 1 && size !== 1 && known !== size) {
        throw new ShapeError(
          `einsum(): axes with the label '${label.startsWith('.') ? '...' : label}' must have one size or 1, got ${known} and ${size}.`,
        );
      }
      sizes.set(label, known === 1 ? size : known);
    });
  }
  return sizes;
}

/** Sums over the labels that are not `kept`, and drops axes of size 1 that stand for a longer one. */
function reduceTerm({ tensor, labels }: Term, sizes: Map<string, number>, kept: ReadonlySet<string>): Term {
  const isBroadcast = labels.map((label, axis) => tensor.shape[axis] === 1 && sizes.get(label) !== 1);
  const dense = labels.some((_, axis) => isBroadcast[axis])
    ? reshape(
        tensor,
        tensor.shape.filter((_, axis) => !isBroadcast[axis]),
      )
    : tensor;
  const left = labels.filter((_, axis) => !isBroadcast[axis]);
  const axes = left.flatMap((label, axis) => (kept.has(label) ? [] : [axis]));
  if (axes.length === 0) return { tensor: dense, labels: left };
  return { tensor: apply('sum', [dense], { axes }), labels: left.filter((label) => kept.has(label)) };
}

function product(labels: readonly string[], sizes: Map<string, number>): number {
  return labels.reduce((total, label) => total * sizes.get(label)!, 1);
}

/** Sums the product of two terms over the labels that both have and nobody else needs. */
function contract(a: Term, b: Term, sizes: Map<string, number>, kept: ReadonlySet<string>): Term {
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => kept.has(label));
  const summed = shared.filter((label) => !kept.has(label));
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));
  const labels = [...batch, ...rows, ...columns];
  const order = (term: Term, wanted: readonly string[]): Tensor =>
    permuted(
      term.tensor,
      wanted.map((label) => term.labels.indexOf(label)),
    );
  const sizeAll = (list: readonly string[]): number[] => list.map((label) => sizes.get(label)!);
  if (summed.length === 0) {
    const left = reshape(order(a, [...batch, ...rows]), [
      ...sizeAll(batch),
      ...sizeAll(rows),
      ...columns.map(() => 1),
    ]);
    const right = reshape(order(b, [...batch, ...columns]), [
      ...sizeAll(batch),
      ...rows.map(() => 1),
      ...sizeAll(columns),
    ]);
    return { tensor: binary('einsum', 'mul', left, right), labels };
  }
  const [m, k, n] = [product(rows, sizes), product(summed, sizes), product(columns, sizes)];
  const left = reshape(order(a, [...batch, ...rows, ...summed]), [...sizeAll(batch), m, k]);
  const right = reshape(order(b, [...batch, ...summed, ...columns]), [...sizeAll(batch), k, n]);
  return { tensor: reshape(apply('matmul', [left, right], none), sizeAll(labels)), labels };
}

/** The pair of terms whose product is the smallest: the next to be contracted. */
function smallestPair(
  terms: readonly Term[],
  sizes: Map<string, number>,
  output: ReadonlySet<string>,
): readonly [number, number] {
  let best: readonly [number, number] = [0, 1];
  let least = Infinity;
  for (let i = 0; i < terms.length; i++) {
    for (let j = i + 1; j < terms.length; j++) {
      const kept = neededBy(terms, i, j, output);
      const labels = new Set([...terms[i]!.labels, ...terms[j]!.labels].filter((label) => kept.has(label)));
      const size = product([...labels], sizes);
      if (size < least) {
        least = size;
        best = [i, j];
      }
    }
  }
  return best;
}

/** Labels of the output and of all terms but `i` and `j`. */
function neededBy(
  terms: readonly Term[],
  i: number,
  j: number,
  output: ReadonlySet<string>,
): ReadonlySet<string> {
  const others = terms.flatMap((term, index) => (index === i || index === j ? [] : term.labels));
  return new Set([...output, ...others]);
}

/** Without an arrow: the axes of the ellipses, then the labels that occur once, in alphabetical order. */
function implicitOutput(terms: readonly (readonly string[])[], dots: number): string[] {
  const all = terms.flat().filter((label) => !label.startsWith('.'));
  const once = all.filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort();
  return [...Array.from({ length: dots }, (_, i) => `.${dots - 1 - i}`), ...once];
}

/**
 * Einstein summation: a sum of products over labelled axes. Labels are letters; `...` stands for any axes, which broadcast; a label
 * that occurs twice in a term takes its diagonal; without `->` the output has the labels that occur once, in alphabetical order.
 *
 * @throws ValueError if the equation is malformed; ShapeError if labels and shapes do not fit; DTypeError if all operands are bool
 * @example
 * ```ts
 * import { einsum, tensor } from '@nadir/tensor';
 * const a = tensor([[1, 2], [3, 4]]);
 * einsum('ij,jk->ik', a, a).toArray(); // => [[7, 10], [15, 22]]
 * einsum('ii', a).item(); // => 5
 * ```
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  const [left = '', right, ...more] = equation.replaceAll(' ', '').split('->');
  if (more.length > 0) fail(equation, 'the equation must hold at most one arrow');
  const texts = left.split(',');
  if (operands.length === 0 || texts.length !== operands.length) {
    fail(equation, `needs a term per operand, there are ${operands.length} operands`);
  }
  const promoted = contractionDType('einsum', operands);
  const dtype = promoted === 'uint8' ? 'int32' : promoted;
  const labelled = texts.map((text, i) => termOf(equation, text, cast(operands[i]!, dtype), i));
  const dots = labelled.reduce(
    (most, { labels }) => Math.max(most, labels.filter((label) => label.startsWith('.')).length),
    0,
  );
  const output =
    right === undefined
      ? implicitOutput(
          labelled.map(({ labels }) => labels),
          dots,
        )
      : labelsOf(equation, right, dots);
  let terms: Term[] = labelled.map(withoutRepeats);
  const sizes = labelSizes(terms);
  output.forEach((label, i) => {
    const name = label.startsWith('.') ? '...' : label;
    if (!sizes.has(label)) fail(equation, `the output label '${name}' must occur in a term`);
    if (output.indexOf(label) < i) fail(equation, `the output label '${name}' must occur once`);
  });
  const wanted = new Set(output);
  terms = terms.map((term, i) => reduceTerm(term, sizes, neededBy(terms, i, i, wanted)));
  while (terms.length > 1) {
    const [i, j] = smallestPair(terms, sizes, wanted);
    const kept = neededBy(terms, i, j, wanted);
    const joined = contract(terms[i]!, terms[j]!, sizes, kept);
    terms = [joined, ...terms.filter((_, index) => index !== i && index !== j)].map((term, index, all) =>
      reduceTerm(term, sizes, neededBy(all, index, index, wanted)),
    );
  }
  const [result] = terms as [Term];
  return permuted(
    result.tensor,
    output.map((label) => result.labels.indexOf(label)),
  );
}
