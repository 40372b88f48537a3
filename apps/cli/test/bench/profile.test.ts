import { describe, expect, it } from 'vitest';
import { workloadOf } from '../../src/bench/catalogue.ts';
import { kernelProfiles, profileStep } from '../../src/bench/profile.ts';
import { profileLines } from '../../src/terminal/profile-table.ts';
import { widthOf } from '../../src/terminal/table.ts';

const [large, small] = [
  { flops: 8e6, bytes: 4e6 },
  { flops: 1e6, bytes: 1e6 },
];

describe('kernelProfiles()', () => {
  it('sums up equal work under one name, by the medians of the calls, the longest first', () => {
    const call = (a: number, b: number, c: number) => [
      { name: 'k0_add', ms: c, ...small },
      { name: 'k1_matmul', ms: a, ...large },
      { name: 'k2_matmul', ms: b, ...large },
      { name: 'k3_matmul', ms: 1, ...small },
    ];
    const found = kernelProfiles([call(1, 3, 2), call(2, 3, 2), call(9, 3, 2)]);
    expect(found).toEqual([
      { kernel: 'matmul', count: 2, ms: 5, share: 0.625, gflops: 3.2, gbytesPerSecond: 1.6 },
      { kernel: 'add', count: 1, ms: 2, share: 0.25, gflops: 0.5, gbytesPerSecond: 0.5 },
      { kernel: 'matmul', count: 1, ms: 1, share: 0.125, gflops: 1, gbytesPerSecond: 1 },
    ]);
  });
});

describe('profileStep()', () => {
  it('accounts for the whole step, in a table that fits', () => {
    const workload = workloadOf('matmul-256');
    const profile = profileStep(workload, 1);
    expect(profile).toMatchObject({ workload: 'matmul-256', threads: 1 });
    const [first] = profile.kernels;
    expect(first!.gflops * first!.ms * 1e6).toBeCloseTo(2 * 256 ** 3, -1);
    expect(profile.kernels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    const lines = profileLines(workload, profile, 80);
    expect(lines.every((line) => widthOf(line) <= 80)).toBe(true);
    expect(lines[1]).toMatch(/ms in \d+ kernels? on 1 thread, medians of [\d,]+ calls; peak \d+ GFLOP\/s/);
  });
});
