import { parameter } from '@nadir/autograd';
import { Linear } from '@nadir/nn';
import { slice, tensor, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.ts';

describe('arguments and results', () => {
  it('are nested objects and arrays of tensors and constants', () => {
    const body = (batch: {
      x: Tensor;
      parts: readonly Tensor[];
      scale: number;
      isOn: boolean;
      none: null;
    }) => ({
      sum: batch.parts.reduce((sum, part) => sum.add(part), batch.x.mul(batch.scale)),
      echo: [batch.isOn, batch.none, batch.scale, 'text', undefined] as const,
      nested: { deep: [batch.x.neg()] },
    });
    const step = compile(body);
    const call = (run: typeof body, scale: number) =>
      run({ x: tensor([1, 2]), parts: [tensor([3, 4]), tensor([5, 6])], scale, isOn: true, none: null });
    for (const scale of [2, 2, 3, 2]) {
      const [got, want] = [call(step, scale), call(body, scale)];
      expect(got.sum.toArray()).toEqual(want.sum.toArray());
      expect(got.echo).toEqual(want.echo);
      expect(got.nested.deep[0]!.toArray()).toEqual([-1, -2]);
    }
    expect(step.traces).toBe(2);
  });

  it.each([
    ['another dtype', (x: Tensor) => [x.cast('int32'), 1]],
    ['another shape', (x: Tensor) => [x.at(slice(0, 1)), 1]],
    ['another number', (x: Tensor) => [x, 2]],
    ['minus zero', (x: Tensor) => [x, -0]],
    ['another kind of value', (x: Tensor) => [x, '1']],
    ['a structure', (x: Tensor) => [[x], 1]],
    ['an argument more', (x: Tensor) => [x, 1, null]],
  ])('%s traces another program', (_, change) => {
    const step = compile((...args: readonly unknown[]) => args.length);
    const x = tensor([1, 2]);
    step(x, 1);
    step(x, 1);
    expect(step.traces).toBe(1);
    step(...change(x));
    expect(step.traces).toBe(2);
  });

  it('are the same tensor where they were', () => {
    const step = compile((x: Tensor, y: Tensor) => (x === y ? [x.add(1), x] : [y, x.mul(y)]));
    const [x, y] = [tensor([2]), tensor([3])];
    expect(step(x, x).map((x) => x.item())).toEqual([3, 2]);
    expect(step(x, y).map((x) => x.item())).toEqual([3, 6]);
    const twice = compile((x: Tensor) => {
      const y = x.add(1);
      return [y, y];
    })(x);
    expect(twice[0]).toBe(twice[1]);
  });

  it('that are not values are errors that name the place', () => {
    const step = compile((options: unknown) => String(options));
    expect(() => step({ rows: [new Float32Array(2)] })).toThrow(
      'the arguments[0].rows[0] must be made of tensors',
    );
    expect(() => step(new Map())).toThrow('got Map');
    expect(() => compile(() => ({ model: new Linear(1, 1) }))()).toThrow('the result.model must be made of');
  });

  it('may be views and parameters; returned parameters are copies', () => {
    const w = parameter([1, 2, 3]);
    const step = compile((x: Tensor) => ({ w, row: x.at(0), flipped: x.T }));
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    for (const input of [x.T, x, x.T]) {
      const result = step(input);
      expect(result.row.toArray()).toEqual(input.at(0).toArray());
      expect(result.flipped.toArray()).toEqual(input.T.toArray());
      expect(result.w).not.toBe(w);
      expect(result.w.requiresGrad).toBe(false);
      result.w.assign(0);
      result.row.assign(9);
    }
    expect(w.toArray()).toEqual([1, 2, 3]);
    expect(x.toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('that the step assigns to are written in place, through views too', () => {
    const body = (x: Tensor) => {
      x.assign(x.mul(2));
      return x.sum();
    };
    const step = compile(body);
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(step(x.T.at(0)).item()).toBe(8);
    expect(step(x.at(1)).item()).toBe(20);
    expect(x.toArray()).toEqual([
      [2, 2],
      [12, 8],
    ]);
    expect(step.traces).toBe(1);
  });

  it('that share a storage with what the step writes are seen to', () => {
    const run = (isCompiled: boolean): unknown => {
      const w = tensor([1, 2]);
      const body = (x: Tensor, y: Tensor) => {
        w.assign(w.add(x));
        x.assign(x.mul(y));
        return [x.add(0), y.add(0), w.add(0)];
      };
      const step = isCompiled ? compile(body) : body;
      const other = tensor([3, 4]);
      const calls: [Tensor, Tensor][] = [
        [other, tensor([1, 2])],
        [w, other],
        [other, other.detach()],
        [other, w],
        [w, w],
      ];
      return [...calls, ...calls].map(([x, y]) => [...step(x, y), w, other].map((x) => x.toArray()));
    };
    expect(run(true)).toEqual(run(false));
  });

  it('that require gradients are captured by identity', () => {
    const [a, b] = [parameter([1, 2]), parameter([3, 4])];
    const step = compile((w: Tensor) => w.square().sum().backward());
    for (const w of [a, b, a, b]) step(w);
    expect([a, b].map((w) => w.grad!.toArray())).toEqual([
      [4, 8],
      [12, 16],
    ]);
    // Each once with an empty slot, and once with a filled one.
    expect(step.traces).toBe(4);
    const input = compile((x: Tensor) => x.requiresGrad);
    expect([input(tensor([1])), input(a), input(a.detach())]).toEqual([false, true, false]);
  });
});
