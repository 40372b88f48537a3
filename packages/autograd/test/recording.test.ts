import {
  eagerExecutor,
  isRecording,
  record,
  tensor,
  type RecordedGuard,
  type RecordedSlot,
  type Tensor,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { checkpoint, gradients, noGrad, parameter, requiresGrad } from '../src/index.ts';

describe('gradients in a recorded program', () => {
  const float64 = { dtype: 'float64' } as const;

  it('are those of immediate execution', () => {
    const w = parameter(
      [
        [0.5, -1],
        [2, 0.25],
      ],
      float64,
    );
    const x = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      float64,
    );
    const slope = (x: Tensor): Tensor => gradients(x.matmul(w).tanh().softmax(1).amax(), [w])[0];
    const { program, state } = record([x], (input) => {
      expect(isRecording()).toBe(true);
      return [slope(input!)];
    });
    const [recorded] = eagerExecutor.load(program).run([x], state);
    expect(recorded!.equal(slope(x))).toBe(true);
  });

  it('notes the gradient mode, and works with checkpoint', () => {
    const w = parameter([0.5, -1], float64);
    const slope = (x: Tensor): Tensor => {
      const y = checkpoint((x: Tensor) => x.mul(w).exp(), x).sum();
      return gradients(y, [w])[0];
    };
    const x = tensor([1, 2], float64);
    const { program, state, guards } = record([x], (x) => [slope(x!)]);
    const modes = (guards: readonly RecordedGuard[]): unknown[] =>
      guards.flatMap(({ name, value }) => (name === 'gradient mode' ? [value] : []));
    expect(modes(guards)).toEqual([true]);
    const [recorded] = eagerExecutor.load(program).run([x], state);
    expect(recorded!.equal(slope(x))).toBe(true);
    const silent = record([x], (x) => [noGrad(() => x!.mul(w))]);
    expect(silent.guards).toEqual([]);
    const outside = noGrad(() => record([x], (x) => [x!.mul(w)]));
    expect(modes(outside.guards)).toEqual([false]);
  });

  it('note whether a slot was empty before, not what the program did to it', () => {
    const w = parameter([0.5, -1], float64);
    const names = (slots: readonly RecordedSlot[]): unknown[] =>
      slots.flatMap(({ before }) => (before === undefined ? [] : [before === null]));
    const step = (): Tensor[] => {
      w.mul(w).sum().backward();
      const slope = w.grad!;
      w.grad = null;
      return [slope];
    };
    expect(names(record([], step).slots)).toEqual([true]);
    w.grad = tensor([1, 1], float64);
    expect(names(record([], step).slots)).toEqual([false]);
    w.grad = null;
    const clearing = (): Tensor[] => {
      w.grad = null;
      return step();
    };
    expect(names(record([], clearing).slots)).toEqual([]);
  });

  it('end at the graph of a tensor from outside, which stays as it is', () => {
    const w = parameter([1, 2], float64);
    const outside = w.mul(w);
    expect(() => record([], () => [outside.sum().backward() as never])).toThrow(
      'cannot pass gradients to the graph of a tensor from outside',
    );
    outside.sum().backward();
    expect(w.grad!.toArray()).toEqual([2, 4]);
  });

  it('are no place for new hooks of a parameter, and depend on those it has', () => {
    const w = parameter([1, 2], float64);
    expect(() => record([], () => [w.registerHook(() => {}) as never])).toThrow('Register it before');
    const { guards } = record([], () => (w.sum().backward(), []));
    const hooks = guards.find(({ name }) => name.startsWith('hooks of'))!;
    expect(hooks.read()).toBe(hooks.value);
    const remove = w.registerHook(() => {});
    expect(hooks.read()).not.toBe(hooks.value);
    remove();
    expect(hooks.read()).not.toBe(hooks.value);
  });

  it('are asked for again by requiresGrad() where the recording throws', () => {
    const [w, x] = [parameter([1], float64), tensor([1], float64)];
    const { history } = w;
    expect(() =>
      record([], () => {
        requiresGrad(w, false);
        requiresGrad(x);
        throw new RangeError('broken');
      }),
    ).toThrow(RangeError);
    expect(w.history).toBe(history);
    expect(x.history).toBeNull();
    const { histories } = record([], () => [requiresGrad(w, false)]);
    expect([...histories]).toEqual([[w, history]]);
    expect(w.history).toBeNull();
  });
});
