import { expect, it } from 'vitest';
import {
  countOf,
  formatNumber,
  formatPercent,
  formatScientific,
  formatSeconds,
  formatShort,
  formatShortPercent,
  listOf,
} from '../../src/report/number-format.ts';

it('writes numbers with three significant digits', () => {
  expect([0, 1, 12.345, 0.123_45, 0.000_123_45, 55_000, 123_456.7, -2.5, 1e9].map(formatNumber)).toEqual([
    '0',
    '1',
    '12.3',
    '0.123',
    '1.23e-4',
    '55,000',
    '123,457',
    '−2.50',
    '1e9',
  ]);
  expect([NaN, Infinity, -Infinity].map(formatNumber)).toEqual(['–', '∞', '−∞']);
});

it('writes learning rates in short scientific form, as one types them', () => {
  expect([0.001_8, 0.1, 1, 0.000_123_456, 0].map(formatScientific)).toEqual([
    '1.8e-3',
    '1e-1',
    '1e0',
    '1.23e-4',
    '0',
  ]);
});

it('writes shares as percentages', () => {
  expect([0.9742, 1, 0, NaN].map(formatPercent)).toEqual(['97.42%', '100.00%', '0.00%', '–']);
  expect([0.97, 0.995, 1 - 0.02].map(formatShortPercent)).toEqual(['97%', '99.5%', '98%']);
});

it('writes no digit more than needed in ticks', () => {
  expect([0.1, 0.30000000000000004, 1500, 2, 1e-5, 1e6].map(formatShort)).toEqual([
    '0.1',
    '0.3',
    '1,500',
    '2',
    '1e-5',
    '1e6',
  ]);
});

it('writes times in seconds, minutes and hours', () => {
  expect(
    [0, 0.0421, 4.213, 42.13, 59.96, 125, 3599.7, 3725, NaN].map((seconds) =>
      formatSeconds(seconds).replaceAll('\u00a0', ' '),
    ),
  ).toEqual([
    '0 s',
    '0.0421 s',
    '4.21 s',
    '42.1 s',
    '1 min 00 s',
    '2 min 05 s',
    '1 h 00 min',
    '1 h 02 min',
    '–',
  ]);
});

it('counts and lists', () => {
  expect([countOf(1, 'trial'), countOf(2, 'trial'), countOf(1234, 'item')]).toEqual([
    '1 trial',
    '2 trials',
    '1,234 items',
  ]);
  expect([listOf([]), listOf(['a']), listOf(['a', 'b']), listOf(['a', 'b', 'c'])]).toEqual([
    '',
    'a',
    'a and b',
    'a, b and c',
  ]);
});
