// Grids such as 0, 0.1, 0.2, 0.3 are meant in decimals: in binary, 3 · 0.1 is 0.30000000000000004, and
// 0.3 / 0.1 falls short of 3. So step arithmetic is done exactly on the decimals that the caller wrote.

interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

function decimalOf(value: number): Decimal {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(
    String(value),
  ) as unknown as [string, string, string, string | undefined, string | undefined];
  return { digits: BigInt(sign + whole + fraction), exponent: Number(exponent) - fraction.length };
}

function digitsAt(value: Decimal, exponent: number): bigint {
  return value.digits * 10n ** BigInt(value.exponent - exponent);
}

/** How many whole steps fit between two finite numbers, and whether they end exactly on `high`. */
export function countSteps(low: number, high: number, step: number): { count: number; exact: boolean } {
  const [from, to, by] = [decimalOf(low), decimalOf(high), decimalOf(step)];
  const exponent = Math.min(from.exponent, to.exponent, by.exponent);
  const range = digitsAt(to, exponent) - digitsAt(from, exponent);
  const width = digitsAt(by, exponent);
  return { count: Number(range / width), exact: range % width === 0n };
}

/** `low + index · step`, correctly rounded: index 3 of step 0.1 from 0 is 0.3. */
export function stepValue(low: number, step: number, index: number): number {
  const [from, by] = [decimalOf(low), decimalOf(step)];
  const exponent = Math.min(from.exponent, by.exponent);
  return Number(`${digitsAt(from, exponent) + BigInt(index) * digitsAt(by, exponent)}e${exponent}`);
}
