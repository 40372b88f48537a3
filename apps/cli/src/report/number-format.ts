/** Keeps a number and its unit on one line. */
const space = '\u00a0';

/** What stands where there is no number. */
export const nothing = '–';

/** Counts and measurements to three significant digits; very small and very large ones in short scientific form. */
export function formatNumber(value: number): string {
  return formatDigits(value, 3);
}

/** As {@link formatNumber}, with so many significant digits. */
export function formatDigits(value: number, digits: number): string {
  if (Number.isNaN(value)) return nothing;
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e7 || size < 1e-3)) return scientific(value, digits);
  if (Number.isInteger(value) || size >= 1000) return minus(Math.round(value).toLocaleString('en-US'));
  return minus(value.toPrecision(digits));
}

/** Short scientific form, as one types it: 1.84e-3. */
export function formatScientific(value: number): string {
  return value === 0 || !Number.isFinite(value) ? formatNumber(value) : scientific(value, 3);
}

/** A number with no digit more than it needs, of at most three decimals: for ticks and for values that people type. */
export function formatShort(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) return formatScientific(value);
  if (size >= 1000) return minus(Math.round(value).toLocaleString('en-US'));
  return minus(trimZeros(value.toPrecision(3)));
}

/** A share as a percentage with two decimals, which tells apart 1 in 10,000. */
export function formatPercent(share: number): string {
  return Number.isFinite(share) ? `${minus((100 * share).toFixed(2))}%` : formatNumber(share);
}

/** A percentage with no digit more than it needs: for ticks. */
export function formatShortPercent(share: number): string {
  return `${minus(String(Number((100 * share).toFixed(3))))}%`;
}

/** Seconds to three digits, longer times in minutes and hours. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return nothing;
  if (seconds < 59.95) return `${seconds === 0 ? '0' : trimExponent(seconds)}${space}s`;
  const whole = Math.round(seconds);
  const two = (part: number): string => String(part).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}${space}min ${two(whole % 60)}${space}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60).toLocaleString('en-US')}${space}h ${two(minutes % 60)}${space}min`;
}

/** "1 trial", "2 trials". */
export function countOf(count: number, noun: string, plural: string = `${noun}s`): string {
  return `${formatNumber(count)} ${count === 1 ? noun : plural}`;
}

/** "a, b and c". */
export function listOf(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)!}`;
}

/** With a capital first letter. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function scientific(value: number, digits: number): string {
  const [mantissa = '', exponent = ''] = value.toExponential(digits - 1).split('e');
  return minus(`${trimZeros(mantissa)}e`) + exponent.replace('+', '');
}

function trimExponent(seconds: number): string {
  return seconds < 0.001 ? formatScientific(seconds) : String(seconds.toPrecision(3));
}

function trimZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}

function minus(text: string): string {
  return text.replace('-', '−');
}
