import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { run } from '../src/run.ts';
import { temporaryFolder } from './command.ts';

const line = join(import.meta.dirname, 'fixtures/line.experiment.ts');

/** Runs the command line in this process. */
async function nadir(
  ...arguments_: readonly string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    });
  }
  try {
    const code = await run(arguments_, '1.2.3');
    return { code, ...written };
  } finally {
    vi.restoreAllMocks();
  }
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('what cannot be done', () => {
  it.each([
    [['train', 'mnits'], 2, /Did you mean 'mnist'\?/],
    [['trian'], 2, /Did you mean train\?/],
    [['train', 'mnist', '--epoch', '3'], 2, /unknown option '--epoch'\n\(Did you mean --epochs\?\)/],
    [['train', 'mnist', '--lr', '-1'], 2, /It must be a number above 0/],
    [['train', 'mnist', '--optimizer', 'adm'], 2, /Allowed choices are sgd, momentum, nesterov, adam, adamw/],
    [['train', 'mnist', '--executor', 'gpu'], 2, /Allowed choices are wasm, eager/],
    [['tune', 'mnist', '--threads', '65'], 2, /It must be from 1 to 64/],
    [['train', 'mnist', '--set', 'hidden'], 2, /It must be name=value/],
    [['train'], 2, /Name an experiment/],
    [['train', line, '--batch-size', '0'], 2, /It must be a whole number of at least 1/],
    [['train', './missing.ts'], 2, /There is no file/],
    [['train', '--resume', 'nowhere'], 2, /holds no run of nadir train/],
    [['train', '--resume', 'nowhere', '--lr', '1'], 2, /it takes no --lr/],
    [['tune', 'mnist', '--timeout', 'soon'], 2, /It must be a duration/],
    [['tune', line, '--workers', '9'], 2, /At most 4 runs/],
    [['report', 'nowhere'], 2, /is no folder of nadir tune/],
    [['bench', 'F'], 2, /There is no workload 'F'\. There are: A, B, C64-sgdm/],
    [['bench', '--systems', 'numpy'], 2, /There are: nadir-eager, nadir-wasm/],
    [['bench', '--threads', '1,0'], 2, /It must be from 1 to 64/],
    [['bench', 'A', '--systems', 'nadir-native'], 1, /this version of nadir has no native executor/],
  ])('nadir %j ends with %i', async (arguments_, code, message) => {
    const result = await nadir(...arguments_);
    expect(result.stderr).toMatch(message);
    expect(result.code).toBe(code);
    expect(result.stdout).toBe('');
  });

  it('tells machines of errors too', async () => {
    const result = await nadir('train', 'mnits', '--json');
    expect(JSON.parse(result.stdout)).toEqual({
      event: 'error',
      message: expect.stringContaining('mnits'),
      exitCode: 2,
    });
  });

  it('keeps runs apart', async () => {
    const folder = join(temporaryFolder(), 'run');
    expect((await nadir('train', line, '--epochs', '1', '--out', folder)).code).toBe(0);
    const taken = await nadir('train', line, '--out', folder);
    expect([taken.code, taken.stderr]).toEqual([
      2,
      expect.stringMatching(/already holds a run\. Go on with it: nadir train --resume/),
    ]);
    const another = await nadir('train', 'mnist', '--resume', folder);
    expect([another.code, another.stderr]).toEqual([
      2,
      expect.stringMatching(/holds a run of 'line'.*resumed with 'mnist'/),
    ]);
    const kind = await nadir('tune', '--resume', folder);
    expect([kind.code, kind.stderr]).toEqual([2, expect.stringMatching(/holds a run of nadir train/)]);
  });
});

describe('help', () => {
  it('lists commands, examples and exit codes', async () => {
    const result = await nadir('--help');
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/Examples:/);
    expect(result.stdout).toMatch(/130 {2}stopped by Ctrl-C/);
    for (const name of ['start', 'train', 'tune', 'report']) {
      expect(result.stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    }
  });

  it.each(['start', 'train', 'tune', 'report'])('shows examples of %s', async (name) => {
    const result = await nadir(name, '--help');
    expect([result.code, result.stdout]).toEqual([0, expect.stringMatching(/Examples:\n {2}\$ nadir /)]);
  });
});
