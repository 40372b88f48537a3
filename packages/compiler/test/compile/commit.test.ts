import { parameter } from '@nadir/autograd';
import { BatchNorm1d, crossEntropy, Dropout, Linear, ReLU, Sequential } from '@nadir/nn';
import { Adam } from '@nadir/optimizers';
import {
  defaultGenerator,
  eagerExecutor,
  manualSeed,
  ProgramError,
  randint,
  randn,
  tensor,
  zeros,
  type Tensor,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { compile, createWasmExecutor } from '../../src/index.ts';

describe.each([
  ['eager', () => eagerExecutor],
  ['wasm', () => createWasmExecutor()],
] as const)('commitIf on the %s executor', (_, executor) => {
  it('leaves everything as it was where the result does not count', () => {
    manualSeed(1);
    const model = new Sequential(
      new Linear(6, 16),
      new BatchNorm1d(16),
      new ReLU(),
      new Dropout(0.3),
      new Linear(16, 4),
    );
    const optimizer = new Adam(model.parameters(), { lr: 0.01, lrSchedule: 'exponential' });
    using step = compile(
      (x: Tensor, y: Tensor) => {
        optimizer.zeroGrad();
        const loss = crossEntropy(model(x), y);
        loss.backward();
        optimizer.step();
        optimizer.lrStep();
        return { loss };
      },
      { executor: executor(), commitIf: ({ loss }) => loss.isFinite() },
    );
    const [x, y] = [randn([8, 6]), randint(0, 4, [8])];
    const bits = (): unknown =>
      [model.stateDict(), optimizer.stateDict(), { random: defaultGenerator().state }].map((state) =>
        Object.entries(state).map(([name, value]) => [name, Array.from(value.data)]),
      );
    for (let i = 0; i < 3; i++) {
      const before = bits();
      expect(step(x.mul(NaN), y).loss.item()).toBeNaN();
      expect(bits()).toEqual(before);
      expect(step(x, y).loss.item()).toBeGreaterThan(0);
      expect(bits()).not.toEqual(before);
    }
    expect(optimizer.paramGroups[0].scheduleStep).toBe(3);
    expect(step.traces).toBe(1);
  });

  it('leaves arguments and gradients too', () => {
    const w = parameter([1, 2]);
    const sum = zeros([2]);
    using add = compile(
      (x: Tensor, target: Tensor) => {
        target.assign(target.add(x));
        const total = w.mul(x).sum();
        total.backward();
        return total;
      },
      { executor: executor(), commitIf: (total) => total.lt(10) },
    );
    expect(add(tensor([10, 1]), sum).item()).toBe(12);
    expect([w.grad, sum.toArray()]).toEqual([null, [0, 0]]);
    add(tensor([1, 1]), sum);
    add(tensor([2, 1]), sum);
    expect(add(tensor([10, 1]), sum).item()).toBe(12);
    expect([w.grad!.toArray(), sum.toArray()]).toEqual([
      [3, 2],
      [3, 2],
    ]);
  });
});

describe('commitIf', () => {
  it('must be one truth value', () => {
    const w = zeros([2]);
    const add = (x: Tensor): Tensor => {
      w.assign(w.add(x));
      return w.sum();
    };
    const cases: (readonly [(sum: Tensor) => Tensor, string])[] = [
      [(sum) => sum, 'got float32 []'],
      [() => w.lt(3), 'got bool [2]'],
      [() => true as unknown as Tensor, 'got boolean'],
    ];
    for (const [commitIf, message] of cases) {
      expect(() => compile(add, { commitIf })(tensor([1, 1]))).toThrow(
        `commitIf must return a bool scalar, ${message}`,
      );
    }
    expect(w.toArray()).toEqual([0, 0]);
  });

  it('is no part of another step', () => {
    const inner = compile((x: Tensor) => x.sum(), { commitIf: (sum) => sum.isFinite() });
    const outer = compile((x: Tensor) => inner(x));
    expect(() => outer(tensor([1]))).toThrow(ProgramError);
    expect(inner(tensor([1])).item()).toBe(1);
  });
});
