import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from '@nadir/compiler';
import { workloadOf } from '../../src/bench/catalogue.ts';
import { readData, writeData } from '../../src/bench/data-file.ts';
import { nadirSystem } from '../../src/bench/nadir-system.ts';
import { meanSquare } from '../../src/bench/mean-square.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nadir-bench-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the workloads', () => {
  it('count the operations of products and convolutions', () => {
    expect(workloadOf('matmul-512').flops).toBe(2 * 512 ** 3);
    // Layer by layer: rows · inputs · outputs, forward and twice backward, but for the gradient of the data.
    const perceptron = 2 * 784 * 256 + 3 * 256 * 128 + 3 * 128 * 10;
    expect(workloadOf('C64-adam').flops).toBe(2 * 64 * perceptron);
    expect(workloadOf('C512-sgdm').flops).toBe(2 * 512 * perceptron);
    expect(workloadOf('D').flops! / 1e9).toBeCloseTo(1.6, 1);
    expect(workloadOf('E').flops! / 1e9).toBeCloseTo(11.4, 1);
  });

  it('share the rows of C64 and C512', () => {
    const [small, large] = ['C64-adam', 'C512-sgdm'].map((name) => workloadOf(name).make());
    expect(small!.batches.length).toBe(8);
    for (const [index, [x]] of small!.batches.entries()) {
      expect(x!.shape).toEqual([64, 784]);
      expect(x!.data).toEqual(large!.batches[index]![0]!.data.slice(0, 64 * 784));
    }
  });

  it.each(['A', 'B', 'C64-sgdm', 'D', 'E', 'conv', 'softmax'])(
    'are written for the others and read again: %s',
    async (name) => {
      const { state, batches } = workloadOf(name).make();
      const read = await readData(await writeData(workloadOf(name), folder));
      expect(Object.keys(read.state).toSorted()).toEqual(Object.keys(state).toSorted());
      for (const [key, value] of Object.entries(state)) {
        expect(read.state[key]!.shape).toEqual(value.shape);
        expect(read.state[key]!.data).toEqual(value.data);
      }
      expect(read.batches.map((batch) => batch.map(({ data }) => data))).toEqual(
        batches.filter((batch) => batch.length > 0).map((batch) => batch.map(({ data }) => data)),
      );
    },
  );
});

describe('nadirSystem()', () => {
  it.each(['A', 'B', 'C64-sgdm', 'C64-adam', 'conv-weight-grad', 'softmax'])(
    'computes the same eager and compiled: %s',
    async (name) => {
      const values = await Promise.all(
        [false, true].map(async (isCompiled) => {
          const subject = await nadirSystem(isCompiled, 1, '').open(name, '');
          await subject.run(Math.min(20, workloadOf(name).checkSteps));
          const value = await subject.value();
          subject.close();
          return value;
        }),
      );
      expect(Math.abs(values[1]! / values[0]! - 1)).toBeLessThan(1e-4);
    },
  );

  it('takes the very steps of its task', () => {
    const { step, batches } = workloadOf('B').make();
    const program = compile(step);
    const losses = [0, 1, 2].map(() => program(...batches[0]!).item());
    program.dispose();
    const again = workloadOf('B').make();
    expect(losses).toEqual([0, 1, 2].map(() => expect.closeTo(again.step(...again.batches[0]!).item(), 5)));
    expect(losses[2]).toBeLessThan(losses[0]!);
  });
});

describe('meanSquare()', () => {
  it('is the mean of squares, in float64', () => {
    expect(meanSquare([3, 4])).toBe(12.5);
    // In float32 the sum of so many squares would stop at 2²⁴.
    expect(meanSquare(new Float32Array(2 ** 25).fill(1))).toBe(1);
  });
});
