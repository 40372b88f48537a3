import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lossDifference, lossTolerance } from '../../src/bench/agreement.ts';
import { command, entries, temporaryFolder, type CommandResult } from '../command.ts';

const bench = (...arguments_: string[]): Promise<CommandResult> =>
  command(entries.source, ['bench', ...arguments_]);

/** The code and the first line: with NADIR_DEBUG a stack follows. */
function errorOf({ code, stderr }: CommandResult): unknown {
  return [code, stderr.split('\n')[0]];
}

/** An interpreter that answers in place of torch. */
function interpreter(program: string): string {
  const path = join(temporaryFolder(), 'interpreter.cjs');
  writeFileSync(path, `#!${process.execPath}\n${program}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('nadir bench', () => {
  it('prints one object a line for every system and number of threads', async () => {
    const result = await bench('B', '--threads', '1,2', '--runs', '2', '--json');
    expect([result.code, result.stderr]).toEqual([0, '']);
    const positive = expect.any(Number);
    expect(result.events()).toEqual(
      [
        ['nadir-eager', 1],
        ['nadir-wasm', 1],
        ['nadir-wasm', 2],
      ].map(([system, threads]) => ({
        workload: 'B',
        system,
        threads,
        medianMs: positive,
        minMs: positive,
        maxMs: positive,
        runs: 2,
        loss: positive,
        peakGflops: positive,
        firstMs: positive,
      })),
    );
    for (const event of result.events()) {
      const { minMs, medianMs, maxMs, peakGflops } = event as Record<string, number>;
      expect(minMs).toBeGreaterThan(0);
      expect(medianMs).toBeGreaterThanOrEqual(minMs!);
      expect(maxMs).toBeGreaterThanOrEqual(medianMs!);
      expect(peakGflops).toBeGreaterThan(0);
    }
  });

  it('takes the same steps as jax-js and TensorFlow.js, and says which library is missing', async () => {
    const flags = ['--threads', '1', '--runs', '1', '--json', '--peers', '--python', '/no/python'];
    const result = await bench('A', 'C64-adam', 'softmax', ...flags);
    expect(result.code).toBe(0);
    expect(result.stderr).toBe(
      'torch is left out: there is no /no/python. Name an interpreter that has torch: --python <path>, or NADIR_PYTHON.\n',
    );
    const rows = result.events();
    for (const workload of ['A', 'C64-adam', 'softmax']) {
      const losses = rows.filter((row) => row['workload'] === workload).map((row) => row['loss'] as number);
      expect(losses.length).toBe(4);
      for (const loss of losses) expect(lossDifference(loss, losses[0]!)).toBeLessThan(lossTolerance);
    }
  });

  it('tells what a system cannot do, and goes on', async () => {
    const flags = ['--systems', 'nadir-wasm,tfjs-wasm', '--threads', '1', '--runs', '1'];
    const result = await bench('conv-weight-grad', ...flags);
    expect([result.code, result.stderr]).toEqual([0, '']);
    expect(result.stdout).toMatch(
      /tfjs-wasm +its WebAssembly backend has no gradient of convolution weights\n/,
    );
    expect(result.stdout).toMatch(/nadir-wasm 1 +[\d.]+ +[\d.]+ – [\d.]+ +\d+ %/);
    expect(result.stdout).not.toContain('\u001B');
  });

  it('speaks with torch over JSON lines, and fails where a system does', async () => {
    const path = interpreter(`
      const answers = { open: {}, run: { ms: 50 }, value: { value: 0.5 }, close: {} };
      console.log('a greeting');
      console.log(JSON.stringify({ version: '9.9' }));
      require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
        const request = JSON.parse(line);
        const fails = request.do === 'open' && request.workload === 'B';
        console.log(JSON.stringify(fails ? { error: 'no memory' } : answers[request.do]));
      });
    `);
    const flags = ['--systems', 'torch', '--threads', '1', '--runs', '2', '--python', path];
    const good = await bench('A', ...flags, '--json');
    expect([good.code, good.stderr]).toEqual([0, '']);
    // Where 1,000 steps took 50 ms, a run has 2,000; these took 50 ms as well.
    expect(good.events()).toEqual([
      expect.objectContaining({
        system: 'torch',
        medianMs: 25,
        minMs: 25,
        maxMs: 25,
        loss: 0.5,
        firstMs: 50,
      }),
    ]);
    const bad = await bench('A', 'B', ...flags);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain('torch 9.9');
    expect(bad.stdout).toMatch(/torch 1 +25\.0 +25\.0 – 25\.0/);
    expect(bad.stdout).toMatch(/torch 1 +no memory\n/);
  });

  it('refuses what it cannot measure', async () => {
    const missing = interpreter(`console.log(JSON.stringify({ error: 'it has no module torch.' }));`);
    const torch = await bench('A', '--systems', 'torch', '--python', missing);
    expect(errorOf(torch)).toEqual([1, '✗ torch cannot be measured: it has no module torch.']);
    const native = await bench('A', '--systems', 'nadir-native');
    expect(errorOf(native)).toEqual([
      1,
      '✗ nadir-native cannot be measured: this version of nadir has no native executor.',
    ]);
    const unknown = await bench('F');
    expect(errorOf(unknown)).toEqual([
      2,
      expect.stringMatching(/^✗ There is no workload 'F'. There are: A, B, /),
    ]);
    const system = await bench('--systems', 'numpy');
    expect([system.code, system.stderr.includes('There are: nadir-eager, nadir-wasm')]).toEqual([2, true]);
    expect((await bench('--threads', '0')).code).toBe(2);
  });

  it('stops on Ctrl-C', async () => {
    const result = await command(entries.source, ['bench', 'A', 'E', '--threads', '1', '--json'], {
      interrupt: { signal: 'SIGINT', when: /"workload":"A"/ },
    });
    expect([result.code, result.stderr]).toEqual([130, '']);
    expect(result.events().every((event) => event['workload'] === 'A')).toBe(true);
  });

  it('shows the kernels of a compiled step', async () => {
    const result = await bench('matmul-256', '--profile', '--threads', '1', '--json');
    expect([result.code, result.stderr]).toEqual([0, '']);
    expect(result.events()[0]).toMatchObject({ workload: 'matmul-256', threads: 1, count: 1 });
  });
});
