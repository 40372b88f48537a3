import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { command, entries, temporaryFolder, type CommandOptions, type CommandResult } from './command.ts';

const line = join(import.meta.dirname, 'fixtures/line.experiment.ts');
const nadir = (arguments_: readonly string[], options?: CommandOptions): Promise<CommandResult> =>
  command(entries.source, arguments_, options);

/** What of a result does not depend on clocks and folders. */
function facts(event: Readonly<Record<string, unknown>>): unknown {
  const timed = new Set(['seconds', 'itemsPerSecond', 'folder', 'report', 'record', 'model']);
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strip);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => !timed.has(name))
        .map(([name, item]) => [name, strip(item)]),
    );
  };
  return strip(event);
}

describe('nadir train', () => {
  it('tells machines what happens, one object a line', async () => {
    const result = await nadir([
      'train',
      line,
      '--epochs',
      '2',
      '--lr',
      '0.05',
      '--test',
      '--json',
      '--out',
      'run',
    ]);
    expect([result.code, result.stderr]).toEqual([0, '']);
    const events = result.events();
    expect(events.map(({ event }) => event)).toEqual(['start', 'epoch', 'epoch', 'end']);
    expect(events[0]).toMatchObject({
      experiment: 'line',
      choices: { optimizer: 'sgd', lr: 0.05, batchSize: 16 },
      epochs: 2,
      seed: 1,
      steps: 16,
      items: { train: 128, validation: 64 },
    });
    expect(events[2]).toMatchObject({ epoch: 2, step: 16 });
    expect(events[3]).toMatchObject({ reason: 'completed', steps: 16 });
    expect(events[3]!['test']).toMatchObject({ loss: expect.any(Number) });
  });

  it('compiles steps unless told otherwise, and says so', async () => {
    const flags = ['--epochs', '3', '--json', '--out'];
    const cwd = temporaryFolder();
    const [compiled, eager] = await Promise.all([
      nadir(['train', line, ...flags, 'compiled', '--threads', '1'], { cwd }),
      nadir(['train', line, ...flags, 'eager', '--executor', 'eager'], { cwd }),
    ]);
    expect(compiled.events()[0]).toMatchObject({ executor: 'wasm', threads: 1, warnings: [] });
    expect(eager.events()[0]).toMatchObject({ executor: 'eager', warnings: [] });
    const losses = (result: CommandResult): number[] =>
      result.events().flatMap(({ event, loss }) => (event === 'epoch' ? [loss as number] : []));
    expect(losses(compiled)).toHaveLength(3);
    for (const [index, loss] of losses(compiled).entries()) {
      expect(loss / losses(eager)[index]!).toBeCloseTo(1, 5);
    }
    const resumed = await nadir(['train', '--resume', 'compiled', '--executor', 'eager', '--json'], { cwd });
    expect(resumed.events()[0]).toMatchObject({
      executor: 'eager',
      warnings: [
        'The executor was wasm and is now eager. The last bits may differ from an uninterrupted run.',
      ],
    });
    expect(JSON.parse(readFileSync(join(cwd, 'compiled/run.json'), 'utf8'))).toMatchObject({
      executor: 'eager',
    });
  });

  // The flag takes an instruction set from the processor that WebAssembly's vectors need.
  it.runIf(process.arch === 'x64')('is eager without SIMD, unless wasm is asked for', async () => {
    const old = ['--no-enable-sse4-1', ...entries.source];
    const [fallback, refused] = await Promise.all([
      command(old, ['train', line, '--epochs', '1']),
      command(old, ['train', line, '--executor', 'wasm']),
    ]);
    expect([fallback.code, fallback.stderr]).toEqual([0, '']);
    expect(fallback.stdout.match(/^! WebAssembly has no SIMD .*\n {2}.*eager executor\.$/gm)).toHaveLength(1);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('Use --executor eager.')]);
  });

  it('writes plain lines where there is no terminal', async () => {
    const cwd = temporaryFolder();
    const result = await nadir(['train', line, '--epochs', '2'], { cwd });
    expect(result.code).toBe(0);
    expect(result.stdout).not.toContain('\u001B');
    expect(result.stdout).toMatch(/nadir train line {2}optimizer? ?sgd|nadir train line {2}/);
    expect(result.stdout).toMatch(/✓ validation loss/);
    expect(result.stdout).not.toMatch(/test loss/);
    const folder = /kept: (\S+)[/\\]model\.safetensors/.exec(result.stdout)![1]!;
    expect(folder).toMatch(/^nadir-runs[/\\]line-train-\d{8}-\d{6}$/);
    for (const name of ['run.json', 'checkpoint.safetensors', 'model.safetensors', 'result.json']) {
      expect(existsSync(join(cwd, folder, name))).toBe(true);
    }
  });

  it('stops on Ctrl-C, keeps what is done, and goes on exactly', async () => {
    const cwd = temporaryFolder();
    const flags = ['--epochs', '2000', '--optimizer', 'adam', '--schedule', 'cosine', '--json'];
    const [whole, interrupted] = await Promise.all([
      nadir(['train', line, ...flags, '--out', 'whole'], { cwd }),
      nadir(['train', line, ...flags, '--out', 'stopped'], {
        cwd,
        interrupt: { signal: 'SIGINT', when: /"epoch":40,/ },
      }),
    ]);
    expect(whole.code).toBe(0);
    expect(interrupted.code).toBe(130);
    expect(interrupted.events().at(-1)).toMatchObject({ event: 'end', reason: 'interrupted' });
    const resumed = await nadir(['train', '--resume', 'stopped', '--json'], { cwd });
    expect(resumed.code).toBe(0);
    expect(resumed.events()[0]!['step']).toBe(interrupted.events().at(-1)!['steps']);
    expect(facts(resumed.events().at(-1)!)).toEqual(facts(whole.events().at(-1)!));
    const epochs = (result: CommandResult): unknown[] =>
      result
        .events()
        .filter(({ event }) => event === 'epoch')
        .map(facts);
    const again = epochs(resumed);
    expect(again).toEqual(epochs(whole).slice(-again.length));
    const model = (folder: string): Buffer => readFileSync(join(cwd, folder, 'model.safetensors'));
    expect(model('stopped').equals(model('whole'))).toBe(true);
  });

  it('keeps the parameters of the best evaluation with --patience', async () => {
    const result = await nadir([
      'train',
      line,
      '--epochs',
      '200',
      '--lr',
      '0.2',
      '--patience',
      '2',
      '--json',
    ]);
    expect(result.code).toBe(0);
    const end = result.events().at(-1)!;
    expect(end).toMatchObject({ reason: 'condition' });
    const losses = result
      .events()
      .filter(({ event }) => event === 'epoch')
      .map(({ loss }) => loss as number);
    expect((end['validation'] as { readonly loss: number }).loss).toBeCloseTo(Math.min(...losses), 6);
  });

  it('ends with 1 where training diverges, and says what to try', async () => {
    const result = await nadir(['train', line, '--lr', '1e20', '--epochs', '5']);
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/Training diverged.*Try a smaller --lr/);
  });
});

describe('nadir tune', () => {
  it('searches in worker processes and leaves a report', async () => {
    const cwd = temporaryFolder();
    const result = await nadir(
      ['tune', line, '--trials', '5', '--winner-epochs', '2', '--json', '--out', 'study'],
      { cwd },
    );
    expect([result.code, result.stderr]).toEqual([0, '']);
    const events = result.events();
    const of = (name: string): ReadonlyArray<Readonly<Record<string, unknown>>> =>
      events.filter(({ event }) => event === name);
    expect(of('start')[0]).toMatchObject({
      experiment: 'line',
      plan: { trials: 5, seed: 1, sampler: 'random', pruner: 'median' },
    });
    expect(of('trial')).toHaveLength(5);
    expect(of('trial')[0]).toMatchObject({
      number: expect.any(Number),
      choices: { optimizer: expect.any(String), lr: expect.any(Number), batchSize: expect.any(Number) },
      outcome: expect.stringMatching(/completed|pruned/),
      metric: expect.any(Number),
      seconds: expect.any(Number),
    });
    expect(of('finalist')).toHaveLength(4);
    expect(of('winner')).toHaveLength(1);
    expect(of('end')[0]).toMatchObject({ reason: 'completed', trials: 5, test: { items: 64 } });
    const record = JSON.parse(readFileSync(join(cwd, 'study/study.json'), 'utf8')) as {
      readonly trials: unknown[];
    };
    expect(record.trials).toHaveLength(5);
    expect(readFileSync(join(cwd, 'study/report.html'), 'utf8')).toMatch(/^<!doctype html>/i);
    const more = await nadir(['tune', '--resume', 'study', '--trials', '9'], { cwd });
    expect([more.code, more.stderr]).toEqual([
      2,
      expect.stringMatching(/has its winner.*trials cannot change/),
    ]);
    const again = await nadir(['report', 'study'], { cwd });
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/The best combination/);
  });

  it('runs its trials on the executor that is asked for, and says how to repeat them', async () => {
    const cwd = temporaryFolder();
    const flags = [
      '--executor',
      'eager',
      '--threads',
      '2',
      '--trials',
      '2',
      '--seeds',
      '1',
      '--out',
      'study',
    ];
    const result = await nadir(['tune', line, ...flags], { cwd });
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/at a time on eager, kept in study/);
    expect(result.stdout).toMatch(/again {3}nadir train .* --executor eager$/m);
    const record = JSON.parse(readFileSync(join(cwd, 'study/study.json'), 'utf8')) as unknown;
    expect(record).toMatchObject({
      executor: 'eager',
      machine: { threads: 2, webassembly: expect.stringContaining('simd') },
    });
    expect(readFileSync(join(cwd, 'study/report.html'), 'utf8')).toContain('--executor eager');
    const resumed = await nadir(
      ['tune', '--resume', 'study', '--executor', 'wasm', '--threads', '1', '--trials', '3', '--json'],
      { cwd },
    );
    expect(resumed.events()[0]).toMatchObject({
      executor: 'wasm',
      threads: 1,
      warnings: [expect.stringContaining('The executor was eager and is now wasm.')],
    });
  });

  it('stops on Ctrl-C, and the resumed study finds what an uninterrupted one does', async () => {
    const cwd = temporaryFolder();
    const flags = ['--trials', '8', '--trial-epochs', '40', '--winner-epochs', '2', '--json'];
    const [whole, interrupted] = await Promise.all([
      nadir(['tune', line, ...flags, '--out', 'whole'], { cwd }),
      nadir(['tune', line, ...flags, '--out', 'stopped'], {
        cwd,
        interrupt: { signal: 'SIGINT', when: /"event":"trial"[^]*"event":"trial"/ },
      }),
    ]);
    expect(whole.code).toBe(0);
    expect(interrupted.code).toBe(130);
    expect(interrupted.events().at(-1)).toMatchObject({ event: 'end', reason: 'interrupted' });
    expect(existsSync(join(cwd, 'stopped/report.html'))).toBe(true);
    const resumed = await nadir(['tune', '--resume', 'stopped', '--json'], { cwd });
    expect([resumed.code, resumed.stderr]).toEqual([0, '']);
    const end = (result: CommandResult): unknown => facts(result.events().at(-1)!);
    expect(end(resumed)).toEqual(end(whole));
  });

  it('loses no finished trial when it is killed', async () => {
    const cwd = temporaryFolder();
    const flags = ['--trials', '8', '--trial-epochs', '20', '--seeds', '1', '--json'];
    const [whole, killed] = await Promise.all([
      nadir(['tune', line, ...flags, '--out', 'whole'], { cwd }),
      nadir(['tune', line, ...flags, '--out', 'killed'], {
        cwd,
        interrupt: { signal: 'SIGKILL', when: /"event":"trial"[^]*"event":"trial"[^]*"event":"trial"/ },
      }),
    ]);
    expect([whole.code, killed.code]).toEqual([0, -1]);
    const done = killed.events().filter(({ event }) => event === 'trial').length;
    const resumed = await nadir(['tune', '--resume', 'killed', '--json'], { cwd });
    expect([resumed.code, resumed.stderr]).toEqual([0, '']);
    expect(resumed.events()[0]!['done']).toBeGreaterThanOrEqual(done);
    expect(facts(resumed.events().at(-1)!)).toEqual(facts(whole.events().at(-1)!));
  });
});
