import { parameter } from '@nadir/autograd';
import { Adam, SGD } from '@nadir/optimizers';
import { record, tensor, verifyProgram, where, zeros, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { compile, createWasmExecutor, simplify } from '../../src/index.ts';
import { flush } from '../../src/passes/flush.ts';

const tiny = 2 ** -130;

/** How many writes the pass changes. */
function flushed(state: Tensor, next: (x: Tensor) => Tensor): number {
  const recorded = record([{ shape: state.shape, dtype: state.dtype }], (x) => {
    state.assign(next(x!));
    return [];
  });
  const before = simplify(recorded.program);
  const after = flush(before);
  verifyProgram(after);
  return after.writes.filter(({ value }, index) => value !== before.writes[index]!.value).length;
}

describe('flush', () => {
  it('is for float32 that may shrink, and for nothing else', () => {
    const average = (s: Tensor) => (x: Tensor) => s.mul(0.9).add(x);
    const [s, d] = [zeros([2]), zeros([2], { dtype: 'float64' })];
    expect(flushed(s, average(s))).toBe(1);
    expect(flushed(s, () => s.mul(0.5))).toBe(1);
    // Also where the write may be discarded.
    expect(flushed(s, (x) => where(x.sum().isFinite(), average(s)(x), s))).toBe(1);
    expect(flushed(d, average(d))).toBe(0);
    expect(flushed(s, (x) => s.add(x))).toBe(0);
    expect(flushed(s, (x) => s.sub(x.mul(0.1)))).toBe(0);
    expect(flushed(s, (x) => x.flip(0))).toBe(0);
    expect(flushed(s, (x) => x)).toBe(0);
  });

  it('keeps normal numbers, NaN and infinities bit for bit', () => {
    const values = [
      2 ** -126,
      -(2 ** -126),
      tiny,
      -tiny,
      2 ** -149,
      0,
      -0,
      1e-30,
      1,
      NaN,
      Infinity,
      -Infinity,
    ];
    const state = tensor(values);
    using step = compile((x: Tensor) => state.assign(state.mul(x).add(-0)), {
      executor: createWasmExecutor(),
    });
    step(tensor(1));
    const sizes = values.map((value) => (Math.abs(value) < 2 ** -126 ? 0 : Math.abs(value)));
    expect(state.data.map(Math.abs)).toEqual(Float32Array.from(sizes));
    expect(Array.from(state.data.subarray(0, 2))).toEqual(values.slice(0, 2));
  });

  it.each([
    ['Adam', (w: Tensor) => new Adam([w], { lr: 0.1 })],
    ['SGD with momentum', (w: Tensor) => new SGD([w], { lr: 0.1, momentum: 0.9 })],
  ])('lets the moments of %s come to rest', (_, make) => {
    const w = parameter(zeros([8]));
    const optimizer = make(w);
    using step = compile(
      (x: Tensor) => {
        optimizer.zeroGrad();
        w.mul(x).sum().backward();
        optimizer.step();
      },
      { executor: createWasmExecutor() },
    );
    step(tensor([1, 1, 1, 1, 0, 0, 0, 0]));
    const moments = (): number[] => {
      const state = Object.entries(optimizer.stateDict());
      return Array.from(state.find(([name]) => /firstMoment|momentumBuffer/.test(name))![1].data);
    };
    expect(moments()[0]).toBeGreaterThan(0.05);
    // 0.9ⁿ is below the smallest normal number from n = 829 on.
    for (let n = 0; n < 900; n++) step(zeros([8]));
    expect(moments()).toEqual(Array.from({ length: 8 }, () => 0));
  });
});
