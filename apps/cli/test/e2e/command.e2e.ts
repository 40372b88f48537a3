import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { command, entries, temporaryFolder, type CommandOptions, type CommandResult } from '../command.ts';

const nadir = (arguments_: readonly string[], options?: CommandOptions): Promise<CommandResult> =>
  command(entries.built, arguments_, options);

describe('the built command', () => {
  it('shows its help', async () => {
    const result = await nadir(['--help']);
    expect([result.code, result.stderr]).toEqual([0, '']);
    for (const name of ['start', 'train', 'tune', 'report']) expect(result.stdout).toContain(`  ${name} `);
  });

  it('suggests the right flag and the right command', async () => {
    const flag = await nadir(['train', 'mnist', '--batchsize', '64']);
    expect([flag.code, flag.stderr]).toEqual([2, expect.stringContaining('Did you mean --batch-size?')]);
    const name = await nadir(['tunes']);
    expect([name.code, name.stderr]).toEqual([2, expect.stringContaining('Did you mean tune?')]);
  });

  it('trains on real digits', async () => {
    const result = await nadir([
      'train',
      'mnist',
      '--lr',
      '0.1',
      '--batch-size',
      '128',
      '--epochs',
      '1',
      '--seed',
      '1',
      '--json',
    ]);
    expect([result.code, result.stderr]).toEqual([0, '']);
    const epoch = result.events().find(({ event }) => event === 'epoch')!;
    expect(epoch['accuracy']).toBeGreaterThan(0.9);
    expect(result.events()[0]).toMatchObject({ items: { train: 55_000, validation: 5_000 } });
  });

  it('tunes on real digits, reads the test data once, and reports', async () => {
    const cwd = temporaryFolder();
    const flags = [
      '--trials',
      '3',
      '--trial-epochs',
      '0.2',
      '--seeds',
      '2',
      '--winner-epochs',
      '1',
      '--seed',
      '1',
    ];
    const result = await nadir(['tune', 'mnist', ...flags, '--out', 'study'], { cwd });
    expect([result.code, result.stderr]).toEqual([0, '']);
    expect(result.stdout).toMatch(/The best combination: /);
    expect(result.stdout).toMatch(/test accuracy is 9\d\.\d\d % on 10,000 items, read once/);
    for (const name of ['report.html', 'study.json', 'study.jsonl', 'winner.safetensors', 'run.json']) {
      expect(existsSync(join(cwd, 'study', name))).toBe(true);
    }
    const html = readFileSync(join(cwd, 'study/report.html'), 'utf8');
    expect(html).toMatch(/^<!doctype html>/i);
    expect(html).not.toMatch(/(src|href)="https?:/);
    const again = await nadir(['report', 'study'], { cwd });
    expect(again.code).toBe(0);
    expect(readFileSync(join(cwd, 'study/report.html'), 'utf8')).toBe(html);
  });

  it('stops on Ctrl-C, keeps what is done, and goes on', async () => {
    const cwd = temporaryFolder();
    const stopped = await nadir(
      ['train', 'mnist', '--epochs', '2', '--batch-size', '256', '--json', '--out', 'run'],
      {
        cwd,
        interrupt: { signal: 'SIGINT', when: /"event":"epoch"/ },
      },
    );
    expect(stopped.code).toBe(130);
    const resumed = await nadir(['train', '--resume', 'run', '--json'], { cwd });
    expect(resumed.code).toBe(0);
    expect(resumed.events().at(-1)).toMatchObject({ event: 'end', reason: 'completed', steps: 430 });
  });

  it('loads an experiment of the user from anywhere', async () => {
    const experiment = join(import.meta.dirname, '../fixtures/line.experiment.ts');
    const result = await nadir(['train', experiment, '--epochs', '2', '--json']);
    expect([result.code, result.stderr]).toEqual([0, '']);
    expect(result.events()[0]).toMatchObject({ experiment: 'line' });
  });
});
