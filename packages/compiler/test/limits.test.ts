import { spawnSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { record, tensor, zeros, type Tensor } from '@nadir/tensor';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compile, createWasmExecutor } from '../src/index.ts';

afterEach(() => vi.restoreAllMocks());

describe('an engine without SIMD', () => {
  it('is told so, changes nothing, and goes on with eager', () => {
    const script = fileURLToPath(new URL('fixtures/no-simd.ts', import.meta.url));
    const { stdout, status } = spawnSync(
      process.execPath,
      ['--no-enable-sse4-1', '--conditions=@nadir/source', script],
      { encoding: 'utf8' },
    );
    expect(status).toBe(0);
    const { message, values } = JSON.parse(stdout) as { message: string; values: unknown[] };
    expect(message).toMatch(/needs WebAssembly with SIMD.*Use the eager executor/);
    expect(values).toEqual([[1, 2], 5, 13]);
  });
});

describe('a memory that cannot grow', () => {
  const full = (): void => {
    vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(() => {
      throw new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory');
    });
  };
  const executor = createWasmExecutor();
  const big = record([], () => [
    zeros([2 ** 20])
      .add(1)
      .cumsum(0),
  ]);
  const small = record([{ shape: [2], dtype: 'float32' }], (x) => [x!.mul(2)]);

  it('refuses a program, and runs others before and after', () => {
    const loaded = executor.load(small.program);
    const run = (): unknown => loaded.run([tensor([1, 2])], small.state)[0]!.toArray();
    expect(run()).toEqual([2, 4]);
    full();
    expect(() => executor.load(big.program)).toThrow(/out of memory.*Dispose programs/);
    expect(run()).toEqual([2, 4]);
    vi.restoreAllMocks();
    expect(executor.load(big.program).run([], big.state)[0]!.at(-1).item()).toBe(2 ** 20);
    expect(run()).toEqual([2, 4]);
  });

  it('leaves state that does not fit where it was', () => {
    const [a, b] = [tensor([1, 2]), zeros([2 ** 22])];
    const adding = record([{ shape: [2], dtype: 'float32' }], (x) => {
      a.assign(a.add(x!));
      b.assign(b.add(1));
      return [];
    });
    const loaded = executor.load(adding.program);
    full();
    expect(() => loaded.run([tensor([1, 1])], adding.state)).toThrow('out of memory');
    expect([a.toArray(), b.storage.home.kind, b.at(0).item()]).toEqual([[1, 2], 'host', 0]);
    vi.restoreAllMocks();
    loaded.run([tensor([1, 1])], adding.state);
    expect([a.toArray(), b.at(0).item()]).toEqual([[2, 3], 1]);
    loaded.dispose();
  });
});

describe('a compiled function that is forgotten', () => {
  it('gives its state back when it is collected', async () => {
    const w = tensor([1, 2]);
    const use = (): void => {
      const step = compile((x: Tensor) => {
        w.assign(w.add(x));
        return w.sum();
      });
      step(tensor([1, 1]));
      step(tensor([1, 1]));
    };
    use();
    expect(w.storage.home.kind).toBe('pinned');
    for (let turn = 0; turn < 20 && w.storage.home.kind === 'pinned'; turn++) {
      globalThis.gc!();
      await setTimeout(20);
    }
    expect([w.storage.home.kind, w.toArray()]).toEqual(['host', [3, 4]]);
  });
});
