import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lossDifference, lossTolerance } from '../../src/bench/agreement.ts';
import { command, entries, temporaryFolder, type CommandResult } from '../command.ts';

const bench = (...arguments_: string[]): Promise<CommandResult> =>
  command(entries.source, ['bench', ...arguments_]);

/** An interpreter that answers in place of torch. */
function interpreter(program: string): string {
  const path = join(temporaryFolder(), 'interpreter.cjs');
  writeFileSync(path, `#!${process.execPath}\n${program}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('nadir bench', () => {
  it('measures all systems from the same weights on the same data, and says what is missing', async () => {
    const flags = ['--peers', '--threads', '1,2', '--runs', '2', '--json', '--python', '/no/python'];
    const result = await bench('A', 'C64-adam', ...flags);
    expect([result.code, result.stderr]).toEqual([
      0,
      'torch is left out: there is no /no/python. Name an interpreter that has torch: --python <path>, or NADIR_PYTHON.\n',
    ]);
    const number = expect.any(Number);
    const rows = result.events();
    for (const [index, workload] of ['A', 'C64-adam'].entries()) {
      const own = rows.slice(index * 5, index * 5 + 5);
      expect(own).toEqual(
        [
          ['nadir-eager', 1],
          ['nadir-wasm', 1],
          ['nadir-wasm', 2],
          ['jax-js', 1],
          ['tfjs-wasm', 1],
        ].map(([system, threads]) => ({
          workload,
          system,
          threads,
          medianMs: number,
          minMs: number,
          maxMs: number,
          runs: 2,
          loss: number,
          peakGflops: number,
          firstMs: number,
        })),
      );
      for (const row of own as readonly Record<string, number>[]) {
        expect(row['minMs']).toBeGreaterThan(0);
        expect(row['medianMs']).toBeGreaterThanOrEqual(row['minMs']!);
        expect(row['maxMs']).toBeGreaterThanOrEqual(row['medianMs']!);
        expect(row['peakGflops']).toBeGreaterThan(0);
        expect(lossDifference(row['loss']!, own[0]!['loss'] as number)).toBeLessThan(lossTolerance);
      }
    }
    expect(rows.length).toBe(10);
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
      console.log('a greeting', '{ of a kind }');
      console.log('{ and another }');
      console.log(JSON.stringify({ version: '9.9' }));
      require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
        const request = JSON.parse(line);
        const fails = request.do === 'open' && request.workload === 'B';
        console.log(JSON.stringify(fails ? { error: 'no memory' } : answers[request.do]));
      });
    `);
    const flags = ['--systems', 'torch', '--threads', '1', '--runs', '2', '--python', path, '--json'];
    const result = await bench('A', 'B', ...flags);
    expect([result.code, result.stderr]).toEqual([1, 'torch has no figure for B: no memory\n']);
    // Where 1,000 steps took 50 ms, a run has 2,000; these took 50 ms as well.
    expect(result.events()).toEqual([
      expect.objectContaining({
        workload: 'A',
        system: 'torch',
        medianMs: 25,
        minMs: 25,
        maxMs: 25,
        loss: 0.5,
        firstMs: 50,
      }),
    ]);
  });

  it('fails without a library that was asked for by name', async () => {
    const path = interpreter(`console.log(JSON.stringify({ error: 'it has no module torch.' }));`);
    const { code, stderr } = await bench('A', '--systems', 'torch', '--python', path);
    // With NADIR_DEBUG a stack follows.
    expect([code, stderr.split('\n')[0]]).toEqual([1, '✗ torch cannot be measured: it has no module torch.']);
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
