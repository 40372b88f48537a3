import { isFloat, type DType } from '../dtype.ts';

/** Whether `a` stands before `b` in ascending order. NaN stands after every number. */
function isLess(a: number, b: number): boolean {
  return a < b || (b !== b && a === a);
}

/** Lines up to this length are ordered by insertion. */
const insertionLimit = 48;

/** Writes the stable ascending order of `keys` to `order`: each new index moves left past greater keys only. */
function insertionOrder(keys: Float64Array, order: Int32Array): void {
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    let j = i;
    for (; j > 0 && isLess(key, keys[order[j - 1]!]!); j--) order[j] = order[j - 1]!;
    order[j] = i;
  }
}

/**
 * Writes the first `order.length` indices of the stable ascending order of `keys`. A heap keeps the best ones so far
 * with the last of them on top; ties go to the lower index, which makes the order total.
 */
function selectOrder(keys: Float64Array, order: Int32Array): void {
  const count = order.length;
  const isAfter = (i: number, j: number): boolean => {
    const a = keys[i]!;
    const b = keys[j]!;
    return isLess(b, a) || (i > j && !isLess(a, b));
  };
  const sink = (from: number, size: number, value: number): void => {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && isAfter(order[child + 1]!, order[child]!)) child++;
      if (!isAfter(order[child]!, value)) break;
      order[at] = order[child]!;
      at = child;
    }
    order[at] = value;
  };
  for (let i = 0; i < count; i++) order[i] = i;
  for (let i = (count >> 1) - 1; i >= 0; i--) sink(i, count, order[i]!);
  // An index beyond the heap loses ties, so only a lesser key enters.
  for (let i = count; i < keys.length; i++) if (isLess(keys[i]!, keys[order[0]!]!)) sink(0, count, i);
  for (let size = count - 1; size > 0; size--) {
    const last = order[size]!;
    order[size] = order[0]!;
    sink(0, size, last);
  }
}

/** Bits of a radix digit. */
const digitBits = 8;
const digits = 1 << digitBits;

/** One stable counting pass over a digit of `words`; false where all elements share the digit, and nothing moves. */
function radixPass(words: Uint32Array, shift: number, from: Int32Array, to: Int32Array): boolean {
  const counts = new Uint32Array(digits);
  for (let i = 0; i < words.length; i++) counts[(words[i]! >>> shift) & (digits - 1)]!++;
  if (counts[(words[0]! >>> shift) & (digits - 1)] === words.length) return false;
  let sum = 0;
  for (let d = 0; d < digits; d++) {
    const count = counts[d]!;
    counts[d] = sum;
    sum += count;
  }
  for (let i = 0; i < from.length; i++) {
    const index = from[i]!;
    to[counts[(words[index]! >>> shift) & (digits - 1)]!++] = index;
  }
  return true;
}

/** The stable ascending order of `keys` by the bits of IEEE 754, turned so that they order as unsigned integers. */
function radixOrder(keys: Float64Array, dtype: DType): Int32Array {
  const n = keys.length;
  let low: Uint32Array | null = null;
  let high: Uint32Array;
  if (dtype === 'float64') {
    const bits = new Uint32Array(keys.buffer.slice(0), 0, 2 * n);
    low = new Uint32Array(n);
    high = new Uint32Array(n);
    for (let i = 0; i < n; i++) {
      if (keys[i] !== keys[i]) {
        low[i] = 0xffffffff;
        high[i] = 0xffffffff;
        continue;
      }
      // −0 and 0 are equal keys: a negative zero must not stand before a zero.
      const top = keys[i] === 0 ? 0 : bits[2 * i + 1]!;
      const negative = top >>> 31 === 1;
      low[i] = negative ? ~bits[2 * i]! : bits[2 * i]!;
      high[i] = negative ? ~top : top | 0x80000000;
    }
  } else if (dtype === 'float32') {
    high = new Uint32Array(Float32Array.from(keys).buffer);
    for (let i = 0; i < n; i++) {
      const top = keys[i] === 0 ? 0 : high[i]!;
      high[i] = keys[i] !== keys[i] ? 0xffffffff : top >>> 31 === 1 ? ~top : top | 0x80000000;
    }
  } else {
    high = new Uint32Array(n);
    for (let i = 0; i < n; i++) high[i] = keys[i]! ^ 0x80000000;
  }
  let from = new Int32Array(n);
  for (let i = 0; i < n; i++) from[i] = i;
  let to = new Int32Array(n);
  for (const words of low === null ? [high] : [low, high]) {
    for (let shift = 0; shift < 32; shift += digitBits) {
      if (!radixPass(words, shift, from, to)) continue;
      const swap = from;
      from = to;
      to = swap;
    }
  }
  return from;
}

/**
 * Writes the first `order.length` indices of the stable order of `line` (values of `dtype`; it is overwritten). NaN
 * is the greatest value; ties keep the lower index first in both directions.
 */
export function orderLine(line: Float64Array, dtype: DType, descending: boolean, order: Int32Array): void {
  const n = line.length;
  const count = order.length;
  if (!descending) {
    ascending(line, dtype, order, count);
    return;
  }
  // Descending order is the ascending order of the negatives, but for NaN. The complement of an int32 is an int32; −(−2³¹) is not.
  const shift = isFloat(dtype) ? 0 : 1;
  let hasNaN = false;
  for (let i = 0; i < n; i++) {
    const value = -line[i]! - shift;
    line[i] = value;
    if (value !== value) hasNaN = true;
  }
  if (hasNaN) descendingWithNaN(line, dtype, order);
  else ascending(line, dtype, order, count);
}

function ascending(line: Float64Array, dtype: DType, order: Int32Array, count: number): void {
  if (count < line.length && count <= line.length / 8) selectOrder(line, order);
  else if (line.length <= insertionLimit) {
    const all = count === line.length ? order : new Int32Array(line.length);
    insertionOrder(line, all);
    if (all !== order) order.set(all.subarray(0, count));
  } else order.set(radixOrder(line, dtype).subarray(0, count));
}

/** The places of NaN in their order, and then the ascending order of the rest. */
function descendingWithNaN(line: Float64Array, dtype: DType, order: Int32Array): void {
  const numbers: number[] = [];
  let filled = 0;
  for (let i = 0; i < line.length; i++) {
    if (line[i] === line[i]) numbers.push(i);
    else if (filled < order.length) order[filled++] = i;
  }
  const left = order.length - filled;
  if (left === 0) return;
  const part = new Int32Array(Math.min(left, numbers.length));
  ascending(
    Float64Array.from(numbers, (i) => line[i]!),
    dtype,
    part,
    part.length,
  );
  for (let i = 0; i < part.length; i++) order[filled + i] = numbers[part[i]!]!;
}
