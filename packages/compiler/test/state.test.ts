import {
  apply,
  manualSeed,
  rand,
  record,
  tensor,
  zeros,
  type Program,
  type Storage,
  type Tensor,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { createWasmExecutor } from '../src/index.ts';

function load(body: (x: Tensor) => Tensor[], executor = createWasmExecutor()) {
  const { program, state } = record([{ shape: [2], dtype: 'float32' }], (x) => body(x!));
  const loaded = executor.load(program);
  return { state, loaded, run: (...values: number[]) => loaded.run([tensor(values)], state) };
}

function add(target: Tensor, x: Tensor): Tensor[] {
  target.assign(target.add(x));
  return [];
}

describe('state', () => {
  it('is read and written by eager between calls, and comes home at the end', () => {
    const w = tensor([1, 2]);
    const { run, loaded } = load((x) => add(w, x));
    run(1, 1);
    expect(w.storage.home.kind).toBe('pinned');
    expect(w.toArray()).toEqual([2, 3]);
    w.assign(tensor([10, 20]));
    run(1, 1);
    expect(w.toArray()).toEqual([11, 21]);
    loaded.dispose();
    expect(w.storage.home.kind).toBe('host');
    expect(w.toArray()).toEqual([11, 21]);
  });

  it('is shared by the programs of an executor until the last is disposed', () => {
    const executor = createWasmExecutor();
    const w = tensor([0, 0]);
    const adding = load((x) => add(w, x), executor);
    const read = load((x) => [w.mul(x)], executor);
    adding.run(2, 3);
    expect(read.run(10, 10)[0]!.toArray()).toEqual([20, 30]);
    adding.loaded.dispose();
    expect(w.storage.home.kind).toBe('pinned');
    read.loaded.dispose();
    expect(w.storage.home.kind).toBe('host');
    expect(w.toArray()).toEqual([2, 3]);
  });

  it('is exchanged without one write seeing the other', () => {
    const [a, b] = [tensor([1, 2]), tensor([3, 4])];
    const { run } = load((x) => {
      const old = a.mul(1).add(x).sub(x);
      a.assign(b.mul(1));
      b.assign(old);
      return [old];
    });
    run(0, 0);
    expect([a.toArray(), b.toArray()]).toEqual([
      [3, 4],
      [1, 2],
    ]);
  });

  it('counts a call as a change', () => {
    const w = tensor([1, 2]);
    const { run } = load((x) => add(w, x));
    const { version } = w.storage;
    run(1, 1);
    expect(w.storage.version).toBeGreaterThan(version);
  });

  it('keeps its value when a call finds a bad index', () => {
    const w = tensor([1, 2]);
    const indices = tensor([0, 5], { dtype: 'int32' });
    const { run } = load((x) => {
      w.assign(w.add(x));
      return [apply('take', [x, indices], { axis: 0 })];
    });
    expect(() => run(1, 1)).toThrow(
      'take(): index out of range, got 5 for axis 0 of size 2. Here it must be in [-2, 1].',
    );
    expect(w.toArray()).toEqual([1, 2]);
    indices.assign(tensor([0, -1], { dtype: 'int32' }));
    expect(run(1, 3)[0]!.toArray()).toEqual([1, 3]);
    expect(w.toArray()).toEqual([2, 5]);
  });

  it('survives that the memory grows', () => {
    const executor = createWasmExecutor();
    const w = tensor([1, 2]);
    const { run } = load((x) => [w.add(x)], executor);
    run(0, 0);
    const big = record([], () => [
      zeros([1 << 20])
        .add(1)
        .cumsum(0),
    ]);
    expect(executor.load(big.program).run([], big.state)[0]!.at(-1).item()).toBe(1 << 20);
    expect(run(1, 1)[0]!.toArray()).toEqual([2, 3]);
    expect(w.toArray()).toEqual([1, 2]);
  });

  it('moves the random position on as eager does', () => {
    const draw = (): Tensor => rand([5]);
    manualSeed(7);
    const expected = [draw(), draw(), draw(), draw()].map((x) => x.toArray());
    manualSeed(7);
    const { program, state } = record([], () => [draw(), draw()]);
    const loaded = createWasmExecutor().load(program);
    const actual = [loaded.run([], state), loaded.run([], state)].flat().map((x) => x.toArray());
    expect(actual).toEqual(expected);
  });
});

describe('errors', () => {
  it('names a wrong argument, a missing one, and a disposed program', () => {
    const { loaded, state } = load((x) => [x]);
    expect(() => loaded.run([tensor([1])], state)).toThrow('argument 0 must be float32 [2], got float32 [1]');
    expect(() => loaded.run([], state)).toThrow('argument 0 is missing');
    loaded.dispose();
    loaded.dispose();
    expect(() => loaded.run([tensor([1, 2])], state)).toThrow('disposed');
  });

  it('says that a program needs more than 4 GiB, and goes on', () => {
    const executor = createWasmExecutor();
    const { program } = record([], () => {
      const x = apply('iota', [], { size: 2 ** 30, dtype: 'float32' });
      return [x.exp(), x.sin()];
    });
    expect(() => executor.load(program)).toThrow('4 GiB');
    const small = record([], () => [tensor([1, 2]).add(1)]);
    expect(executor.load(small.program).run([], small.state)[0]!.toArray()).toEqual([2, 3]);
  });

  it('refuses a state of another size', () => {
    const w = tensor([1, 2]);
    const { loaded } = load((x) => [w.add(x)]);
    expect(() => loaded.run([tensor([1, 2])], [tensor([1]).storage])).toThrow(
      'state 0 needs float32 with 2 elements',
    );
  });
});

describe('memory', () => {
  it('is flat over many calls and over programs that come and go', () => {
    const sizes: number[] = [];
    const executor = createWasmExecutor();
    const w = tensor([1, 2]);
    const make = (): { program: Program; state: readonly Storage[] } =>
      record([{ shape: [2], dtype: 'float32' }], (x) => {
        w.assign(w.mul(0.5).add(x!));
        return [w.sum()];
      });
    for (let i = 0; i < 50; i++) {
      const { program, state } = make();
      const loaded = executor.load(program);
      for (let j = 0; j < 20; j++) loaded.run([tensor([1, 1])], state);
      sizes.push((w.storage.home as unknown as { owner: { size: number } }).owner.size);
      loaded.dispose();
    }
    expect(new Set(sizes).size).toBe(1);
  });
});
