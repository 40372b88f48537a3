import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  conv2d,
  dropout,
  eagerExecutor,
  layerNorm,
  manualSeed,
  maxPool2d,
  randn,
  record,
  softmax,
  tensor,
  ValueError,
  type LoadedProgram,
  type Tensor,
  type TypedArray,
} from '@nadir/tensor';
import { differenceOf } from '@nadir/tensor/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { createWasmExecutor, getThreads, setThreads } from '../../src/index.ts';

const before = getThreads();
afterAll(() => setThreads(before));

/** Waits until a thread has started, which takes some tens of milliseconds. */
const settle = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 150));

interface Case {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly body: (...x: Tensor[]) => Tensor[];
}

manualSeed(7);
const [wide, tall, square, images, filters] = [
  randn([300, 1030]),
  randn([4099, 37]),
  randn([257, 263]),
  randn([8, 3, 29, 31]),
  randn([5, 3, 3, 3]),
];
const cases: readonly Case[] = [
  {
    name: 'element-wise chains, whole and transposed',
    inputs: [wide],
    body: (x) => [x!.exp().add(1).log(), x!.transpose().mul(3).sin()],
  },
  {
    name: 'reductions of rows, of columns, of all',
    inputs: [wide, tall],
    body: (x, y) => [x!.sum(1), x!.amax(0), x!.square().mean(), y!.sum(0), y!.prod(1), y!.sum()],
  },
  {
    name: 'rows of several stages',
    inputs: [wide, tall],
    body: (x, y) => [softmax(x!, 1), layerNorm(y!, 37), y!.amax(1)],
  },
  {
    name: 'matrix products',
    inputs: [square, wide],
    body: (x, y) => [x!.matmul(x!.transpose()), y!.transpose().matmul(y!)],
  },
  {
    name: 'convolutions',
    inputs: [images, filters],
    body: (x, w) => {
      const y = conv2d(x!, w!, { padding: 1 });
      return [y, maxPool2d(y, { kernelSize: 2 })];
    },
  },
  { name: 'random masks', inputs: [wide], body: (x) => [dropout(x!, { p: 0.3 })] },
  {
    name: 'float64, and a function of one thread alone',
    inputs: [wide.cast('float64')],
    body: (x) => [x!.at(0).erf(), x!.tanh()],
  },
];

function bitsOf(x: Tensor): Buffer {
  const { buffer, byteOffset, byteLength } = x.data as TypedArray;
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

describe('threads', () => {
  for (const { name, inputs, body } of cases) {
    it(`${name}: the same bits on 1, 2, 3 and 8 threads`, async () => {
      const { program, state } = record(inputs, (...x) => body(...x));
      const saved = state.map((storage) => storage.read().slice());
      const call = (loaded: LoadedProgram): readonly Tensor[] => {
        state.forEach((storage, index) => storage.write().set(saved[index]!));
        return loaded.run(inputs, state);
      };
      const want = call(eagerExecutor.load(program));
      let first: Buffer[] | undefined;
      for (const threads of [1, 2, 3, 8]) {
        setThreads(threads);
        using loaded = disposable(createWasmExecutor().load(program));
        const got = call(loaded);
        got.forEach((x, index) => expect(differenceOf(x, want[index]!)).toBe(null));
        first ??= got.map(bitsOf);
        if (threads > 1) await settle();
        for (let again = 0; again < 20; again++) {
          const bits = call(loaded).map(bitsOf);
          expect(bits.map((buffer, index) => buffer.equals(first![index]!))).not.toContain(false);
        }
      }
    });
  }

  it('may become fewer and more between calls', async () => {
    const { program, state } = record([wide], (x) => [x!.exp().sum(1)]);
    using loaded = disposable(createWasmExecutor().load(program));
    const want = bitsOf(loaded.run([wide], state)[0]!);
    for (const threads of [4, 1, 2, 3, 1, 4]) {
      setThreads(threads);
      await settle();
      for (let again = 0; again < 50; again++) {
        expect(bitsOf(loaded.run([wide], state)[0]!).equals(want)).toBe(true);
      }
    }
  });

  it('work on several programs in turn', async () => {
    setThreads(3);
    const executor = createWasmExecutor();
    const programs = [1, 2, 3].map((factor) => record([wide], (x) => [x!.mul(factor).sum(1)]));
    const loaded = programs.map(({ program }) => executor.load(program));
    const want = programs.map(({ program, state }) => eagerExecutor.load(program).run([wide], state)[0]!);
    await settle();
    for (let turn = 0; turn < 200; turn++) {
      const index = (turn * 7) % 3;
      const [got] = loaded[index]!.run([wide], programs[index]!.state);
      expect(differenceOf(got!, want[index]!)).toBe(null);
    }
    for (const one of loaded) one.dispose();
  });

  it('do not keep a process alive, nor wait for one another', () => {
    const script = fileURLToPath(new URL('fixtures/short-process.ts', import.meta.url));
    const { status, stdout, stderr, signal } = spawnSync(
      process.execPath,
      ['--conditions=@nadir/source', script],
      { encoding: 'utf8', timeout: 60_000 },
    );
    expect({ status, signal, stdout: stdout.trim(), stderr }).toEqual({
      status: 0,
      signal: null,
      stdout: 'done',
      stderr: '',
    });
  });

  it('are counted from 1 to 64', () => {
    for (const count of [0, 65, 1.5, NaN]) expect(() => setThreads(count)).toThrow(ValueError);
    setThreads(2);
    expect(getThreads()).toBe(2);
    expect(tensor(1).item()).toBe(1);
  });
});

function disposable<T extends { dispose(): void }>(loaded: T): T & Disposable {
  return Object.assign(loaded, { [Symbol.dispose]: () => loaded.dispose() });
}
