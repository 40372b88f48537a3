import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { drawCurve } from '../src/terminal/curve.ts';
import { command, entries, type CommandResult } from './command.ts';

const line = join(import.meta.dirname, 'fixtures/line.experiment.ts');
const nadir = (...arguments_: readonly string[]): Promise<CommandResult> =>
  command(entries.source, arguments_);

describe('nadir find lr', () => {
  it('draws the curve, names the rate with its interval, and says how to train with it', async () => {
    const { code, stdout, stderr } = await nadir('find', 'lr', line, '--to', '100');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/★ {2}steep +[\d.e-]+ {2}[\d.e-]+ – [\d.e-]+/);
    expect(stdout).toMatch(/✓ Learning rate [\d.e-]+\./);
    const lr = /Learning rate ([\d.e-]+)\./.exec(stdout)![1]!;
    expect(stdout).toContain(`nadir train line --optimizer sgd --lr ${lr} --batch-size 16`);
  });

  it('tells machines every step, and what was found', async () => {
    const { code, events } = await nadir('find', 'lr', line, '--to', '100', '--method', 'valley', '--json');
    expect(code).toBe(0);
    const all = events();
    const found = all.at(-1)!;
    expect(found).toMatchObject({ event: 'found', method: 'valley', lr: expect.any(Number) });
    const steps = all.filter(({ event }) => event === 'step');
    expect(found['losses']).toEqual(steps.map(({ loss }) => loss));
    expect(found['lrs']).toEqual(steps.map(({ lr }) => lr));
  });

  it('refuses an impossible range', async () => {
    const { code, stderr } = await nadir('find', 'lr', line, '--from', '1', '--to', '0.1');
    expect(code).not.toBe(0);
    expect(stderr).toContain('got 1 and 0.1');
  });
});

describe('nadir find batch', () => {
  it('measures, checks, and recommends in words', async () => {
    const flags = ['--sizes', '8,16,32', '--check-items', '640'];
    const { code, stdout, stderr } = await nadir('find', 'batch', line, '--lr', '0.05', ...flags);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/✓ Batch size (8|16|32), learning rate [\d.e-]+/);
    for (const topic of ['Fit:', 'Throughput:', 'Noise scale:', 'Learning rate:', 'Direct check:'])
      expect(stdout).toContain(topic);
  });
});

describe('drawCurve', () => {
  it('fills columns in proportion and marks a place', () => {
    const lines = drawCurve(
      { xs: [0, 0.5, 1], ys: [1, 0, 1], width: 15, height: 2, band: [0.4, 0.6], mark: 0.5 },
      'here',
    ).map((text) => stripVTControlCharacters(text));
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^ {2}1 █.* .*█$/);
    expect(lines[1]).toMatch(/^ {2}0 █+$/);
    expect(lines[2]!.indexOf('↑')).toBe(3 + 6);
  });
});
