import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { workloadOf } from '../../src/bench/catalogue.ts';
import type { ContestResult } from '../../src/bench/contest.ts';
import type { Measurement, SystemName } from '../../src/bench/system.ts';
import { contestLines, legendLines, summaryLines } from '../../src/terminal/bench-table.ts';
import { widthOf } from '../../src/terminal/table.ts';

function row(system: SystemName, threads: number, medianMs: number, loss = 2.25): Measurement {
  return {
    workload: 'matmul-512',
    system,
    threads,
    medianMs,
    minMs: medianMs * 0.9,
    maxMs: medianMs * 1.1,
    runs: 7,
    loss,
    peakGflops: 64 * threads,
    firstMs: 12.34,
  };
}

const result: ContestResult = {
  measurements: [
    row('nadir-eager', 1, 8),
    row('nadir-wasm', 1, 4),
    row('nadir-wasm', 2, 2, 2.25 * (1 + 3e-7)),
    row('torch', 1, 3),
    row('torch', 2, 1),
    row('jax-js', 1, 6855, 2.3),
  ],
  absences: [{ workload: 'matmul-512', system: 'tfjs-wasm', threads: 1, reason: 'it cannot', failed: false }],
};
const workload = workloadOf('matmul-512');
const plain = (lines: readonly string[]): string[] => lines.map((line) => stripVTControlCharacters(line));
const cells = (line: string): string[] => line.trim().split(/ {2,}/);

describe('contestLines()', () => {
  it('tells median, spread, share of the peak, first step, ratio and agreement', () => {
    const lines = plain(contestLines(workload, result, 80));
    expect(cells(lines[0]!)).toEqual([
      'matmul-512',
      'median',
      'spread',
      'of peak',
      'first',
      '× torch',
      'loss',
    ]);
    // 2 · 512³ operations in 2 ms are 134 GFLOP/s of 128.
    expect(cells(lines[4]!)).toEqual([
      'nadir-wasm 2',
      '2.00',
      '1.80 – 2.20',
      '105 %',
      '12.3',
      '0.50×',
      '✓ 3e-7',
    ]);
    expect(cells(lines[2]!).slice(-2)).toEqual(['0.13×', '✓ equal']);
    // The reference shows its loss.
    expect(cells(lines[5]!)).toEqual(['torch 1', '3.00', '2.70 – 3.30', '140 %', '12.3', '0.33×', '2.25000']);
    expect(cells(lines[7]!)).toEqual([
      'jax-js',
      '6,855',
      '6,170 – 7,541',
      '0 %',
      '12.3',
      '0.00015×',
      '✗ 2.30000',
    ]);
    expect(cells(lines[8]!)).toEqual(['tfjs-wasm', 'it cannot']);
    expect(cells(lines[9]!)).toEqual(['peak', '64 GFLOP/s on one thread, 128 on two']);
  });

  it('has more columns where there is room, and fits', () => {
    for (const width of [80, 100, 120]) {
      for (const line of contestLines(workload, result, width)) {
        expect(widthOf(line)).toBeLessThanOrEqual(width);
      }
    }
    expect(cells(plain(contestLines(workload, result, 100))[4]!)).toEqual([
      'nadir-wasm 2',
      '2.00',
      '1.80 – 2.20',
      '105 %',
      '134',
      '12.3',
      '0.50×',
      '✓ 3e-7',
      '7',
    ]);
  });

  it('says of how many steps a figure is', () => {
    const lines = plain(
      contestLines(workloadOf('A'), { measurements: [row('nadir-eager', 1, 8)], absences: [] }, 80),
    );
    expect(lines[1]).toContain('ms for 1,000 steps');
    expect(cells(lines[2]!)).toEqual(['nadir-eager', '8.00', '7.20 – 8.80', '–', '12.3', '1×', '2.25000']);
  });
});

describe('summaryLines()', () => {
  it('compares the best of each of ours with every other', () => {
    const lines = plain(summaryLines([[workload, result]]));
    expect(lines[0]).toBe('nadir-wasm is so many times as fast as');
    expect(cells(lines[1]!)).toEqual(['ms', 'threads', 'nadir-eager', 'torch 1', 'torch 2', 'jax-js']);
    expect(cells(lines[2]!)).toEqual(['matmul-512', '2.00', '2', '4.0×', '1.5×', '0.50×', '3,428×']);
    expect(lines[4]).toBe('nadir-eager is so many times as fast as');
    expect(cells(lines[6]!)).toEqual(['matmul-512', '8.00', '0.38×', '0.13×', '857×']);
  });

  it('is empty where there is nothing to compare with', () => {
    expect(summaryLines([[workload, { measurements: [row('nadir-wasm', 1, 4)], absences: [] }]])).toEqual([]);
  });
});

describe('legendLines()', () => {
  it('fits', () => {
    for (const line of legendLines(80)) expect(widthOf(line)).toBeLessThanOrEqual(80);
  });
});
