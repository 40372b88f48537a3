import { isFloat } from './dtype.ts';
import { formatShape, type Shape } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** Tensors of more elements than this show only the first and last few of every axis. */
const summaryThreshold = 1000;
const edgeItems = 3;
const precision = 4;
const lineWidth = 80;
const prefix = 'tensor(';

/** The indices of an axis that are shown; null stands for those left out. */
function shownIndices(size: number, isSummary: boolean): readonly (number | null)[] {
  if (!isSummary || size <= 2 * edgeItems) return Array.from({ length: size }, (_, i) => i);
  const head = Array.from({ length: edgeItems }, (_, i) => i);
  return [...head, null, ...head.map((i) => size - edgeItems + i)];
}

/** Storage positions of the shown elements in order, and how they nest. */
type Nest = number | null | readonly Nest[];

function nestOf(x: Tensor): Nest {
  const isSummary = x.size > summaryThreshold;
  const build = (axis: number, at: number): Nest => {
    if (axis === x.rank) return at;
    return shownIndices(x.shape[axis]!, isSummary).map((i) =>
      i === null ? null : build(axis + 1, at + i * x.strides[axis]!),
    );
  };
  return build(0, x.offset);
}

function leaves(nest: Nest, into: number[] = []): number[] {
  if (typeof nest === 'number') into.push(nest);
  else if (nest !== null) for (const item of nest) leaves(item, into);
  return into;
}

function special(value: number): string | null {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return null;
}

/** Digits after the point that a text with up to `precision` of them needs. */
function neededDigits(text: string): number {
  const digits = /\.(\d*?)0*(?:e|$)/.exec(text);
  return digits === null ? 0 : digits[1]!.length;
}

function scientific(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(digits).split('e') as [string, string];
  return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

function wholeText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/**
 * How all shown floats are written: as whole numbers where they are; else with one number of digits after the point,
 * up to four, or four significant ones of the greatest below 0.1; in scientific notation where elements below 0.0001
 * or of more than eight digits are among them.
 */
function floatFormat(values: readonly number[]): (value: number) => string {
  const finite = values.filter((value) => Number.isFinite(value));
  const sizes = finite.filter((value) => value !== 0).map(Math.abs);
  const greatest = sizes.reduce((a, b) => Math.max(a, b), 0);
  const smallest = sizes.reduce((a, b) => Math.min(a, b), Infinity);
  if (greatest < 1e8 && finite.every(Number.isInteger)) return wholeText;
  // The float32 next to 0.0001 lies below it.
  const isScientific = greatest >= 1e8 || smallest < 0.0001 * (1 - 1e-6);
  const most = isScientific
    ? precision
    : precision + Math.max(0, -1 - Math.floor(Math.log10(greatest * (1 + 1e-6))));
  const write = isScientific ? scientific : (value: number, digits: number): string => value.toFixed(digits);
  const digits = Math.max(0, ...finite.map((value) => neededDigits(write(value, most))));
  return (value) => write(value, digits);
}

function elementFormat(x: Tensor, positions: readonly number[]): (position: number) => string {
  const array = x.storage.read();
  if (x.dtype === 'bool') return (position) => (array[position] === 0 ? 'false' : 'true');
  const format = isFloat(x.dtype) ? floatFormat(positions.map((position) => array[position]!)) : String;
  return (position) => special(array[position]!) ?? format(array[position]!);
}

/** One row as lines no longer than the terminal: breaks come after a comma. */
function wrapRow(items: readonly string[], indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const [i, item] of items.entries()) {
    const text = i === items.length - 1 ? item : `${item},`;
    if (line !== '' && indent + line.length + text.length + 2 > lineWidth) {
      lines.push(line);
      line = text;
    } else {
      line = line === '' ? text : `${line} ${text}`;
    }
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}

function formatNest(nest: Nest, rank: number, depth: number, element: (nest: number) => string): string {
  if (nest === null) return '…';
  if (typeof nest === 'number') return element(nest);
  const indent = prefix.length + depth + 1;
  if (rank - depth === 1)
    return `[${wrapRow(
      nest.map((item) => (item === null ? '…' : element(item as number))),
      indent,
    )}]`;
  // Matrices of a batch stand apart by a blank line, as in NumPy.
  const separator = `,${'\n'.repeat(rank - depth - 1)}${' '.repeat(indent)}`;
  return `[${nest.map((item) => formatNest(item, rank, depth + 1, element)).join(separator)}]`;
}

function formatElements(x: Tensor): string {
  const nest = nestOf(x);
  const positions = leaves(nest);
  const format = elementFormat(x, positions);
  const width =
    x.rank === 0 ? 0 : positions.reduce((widest, position) => Math.max(widest, format(position).length), 0);
  return formatNest(nest, x.rank, 0, (position) => format(position).padStart(width));
}

function formatType(x: { readonly dtype: string; readonly shape: Shape }): string {
  return `${x.dtype}${formatShape(x.shape)}`;
}

/**
 * A tensor as text: the elements in aligned columns, then dtype and shape. Floats have up to four digits after the point.
 * Of more than 1000 elements three from each end of an axis are shown. A value of a program that is being recorded has
 * no elements, and says so.
 */
export function formatTensor(x: Tensor): string {
  const type = formatType(x) + (x.history === null ? '' : ', requiresGrad');
  if (x.storage.home.kind === 'symbolic') return `${prefix}value of a recorded program, ${type})`;
  if (x.size === 0) return `${prefix}[], ${type})`;
  return `${prefix}${formatElements(x)}, ${type})`;
}
