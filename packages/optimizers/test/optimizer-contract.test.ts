import { parameter } from '@nadir/autograd';
import { exponentialDecay } from '@nadir/schedulers';
import { eagerExecutor, record, tensor, zerosLike, type FloatDType, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import type { Optimizer, OptimizerOptions } from '../src/index.ts';
import {
  contract,
  exportedOptimizers,
  rosenbrock,
  type ContractRow,
  type OptimizerName,
} from './optimizer-contract.ts';

const curvature = tensor([1, 3, 0.5, 10], { dtype: 'float64' });
const goal = tensor([1, -2, 3, 0.5], { dtype: 'float64' });

function quadratic(w: Tensor): Tensor {
  return w.sub(goal.cast(w.dtype)).square().mul(curvature.cast(w.dtype)).sum().mul(0.5);
}

function start(dtype: FloatDType = 'float64'): Tensor {
  return parameter(tensor([2, 2, 2, 2], { dtype }));
}

/** One step down the quadratic of each parameter. */
function descend(optimizer: Optimizer<OptimizerOptions>, ...parameters: readonly Tensor[]): void {
  optimizer.zeroGrad();
  for (const w of parameters) quadratic(w).backward();
  optimizer.step();
}

function run(row: ContractRow): void {
  const options = { lr: row.quadraticLr };

  it.each(['float64', 'float32'] as const)('goes down a quadratic in %s', (dtype) => {
    const w = start(dtype);
    const optimizer = row.make([w], options);
    for (let i = 0; i < 300; i++) descend(optimizer, w);
    expect(quadratic(w).item()).toBeLessThan(1e-3);
    expect(w.dtype).toBe(dtype);
  });

  it('goes down Rosenbrock’s valley', () => {
    const w = parameter(tensor([-1.2, 1], { dtype: 'float64' }));
    const optimizer = row.make([w], { lr: row.valleyLr });
    for (let i = 0; i < 4000; i++) {
      optimizer.zeroGrad();
      rosenbrock(w).backward();
      optimizer.step();
    }
    expect(rosenbrock(w).item()).toBeLessThan(0.1);
  });

  it('goes up with maximize, as far as down the negative', () => {
    const [up, down] = [start(), start()];
    const climber = row.make([up], { ...options, maximize: true });
    const faller = row.make([down], options);
    for (let i = 0; i < 5; i++) {
      climber.zeroGrad();
      quadratic(up).neg().backward();
      climber.step();
      descend(faller, down);
    }
    expect(up.toArray()).toEqual(down.toArray());
  });

  it('has all its state from construction on, and changes it in place', () => {
    const w = start('float32');
    const optimizer = row.make([w], options);
    const [group] = optimizer.paramGroups;
    expect(Object.keys(group.slots[0]!)).toEqual(row.slots);
    for (const slot of Object.values(group.slots[0]!)) {
      if (slot.rank > 0) expect([slot.dtype, slot.shape]).toEqual(['float32', [4]]);
      expect(slot.requiresGrad).toBe(false);
    }
    for (const value of Object.values(group.hyper)) {
      expect([value!.dtype, value!.shape]).toEqual(['float64', []]);
    }
    const before = [...group.namedState()];
    const storages = before.map(([, value]) => value.storage);
    const { storage } = w;
    for (let i = 0; i < 3; i++) descend(optimizer, w);
    optimizer.lrStep();
    const after = [...group.namedState()];
    expect(after.map(([name]) => name)).toEqual(before.map(([name]) => name));
    expect(after.every(([, value], i) => value.storage === storages[i])).toBe(true);
    expect(w.storage).toBe(storage);
    expect(w.requiresGrad).toBe(true);
  });

  it('resumes at any step, its schedule too', () => {
    const lrSchedule = exponentialDecay({ gamma: 0.9 });
    const walk = (resumeAt: number | null): unknown => {
      const parameters = [start(), start('float32')];
      let optimizer = row.make(parameters, { ...options, lrSchedule });
      for (let i = 0; i < 12; i++) {
        if (i === resumeAt) {
          const saved = optimizer.stateDict();
          descend(optimizer, ...parameters.map((w) => parameter(w.clone())));
          optimizer = row.make(parameters, { ...options, lrSchedule });
          optimizer.loadStateDict(saved);
        }
        descend(optimizer, ...parameters);
        if (i % 2 === 1) optimizer.lrStep();
      }
      return [parameters.map((w) => w.toArray()), optimizer.paramGroups[0].lr];
    };
    const straight = walk(null);
    for (let at = 0; at < 12; at++) expect(walk(at)).toEqual(straight);
  });

  it('gives copies of its state, and takes copies', () => {
    const w = start();
    const optimizer = row.make([w], options);
    const state = optimizer.stateDict();
    const texts = Object.values(state).map(String);
    descend(optimizer, w);
    optimizer.paramGroups[0].lr = 7;
    expect(Object.values(state).map(String)).toEqual(texts);
    optimizer.loadStateDict(state);
    descend(optimizer, w);
    expect(Object.values(state).map(String)).toEqual(texts);
  });

  it('stays finite at a gradient of zero', () => {
    const w = start();
    const optimizer = row.make([w], options);
    w.grad = zerosLike(w.detach());
    optimizer.step();
    if (row.restsAtZero) expect(w.toArray()).toEqual([2, 2, 2, 2]);
    expect(w.isFinite().all().item()).toBe(1);
  });

  it('leaves everything of a parameter without gradient as it is', () => {
    const [w, frozen] = [start(), start()];
    const optimizer = row.make([w, frozen], options);
    const slots = (): string[] => Object.values(optimizer.paramGroups[0].slots[1]!).map(String);
    const before = slots();
    descend(optimizer, w);
    expect(slots()).toEqual(before);
    expect(frozen.toArray()).toEqual([2, 2, 2, 2]);
  });

  it('treats groups as optimizers of their own', () => {
    const [a, b, alone] = [start(), start(), start()];
    const grouped = row.make([{ params: [a] }, { params: [b], lr: row.quadraticLr / 2 }], options);
    const single = row.make([alone], { lr: row.quadraticLr / 2 });
    for (let i = 0; i < 4; i++) {
      descend(grouped, a, b);
      descend(single, alone);
    }
    expect(b.toArray()).toEqual(alone.toArray());
    expect(a.toArray()).not.toEqual(b.toArray());
  });

  it.each(['float64', 'float32'] as const)('is the same when recorded, in %s', (dtype) => {
    const [w, twin] = [start(dtype), start(dtype)];
    const recorded = row.make([w], options);
    const eager = row.make([twin], options);
    // The gradient is state that the caller changes: the program reads it at every call.
    const gradient = zerosLike(w.detach());
    const { program, state } = record([], () => {
      w.grad = gradient;
      recorded.step();
      return [];
    });
    expect(w.toArray()).toEqual([2, 2, 2, 2]);
    const loaded = eagerExecutor.load(program);
    for (let i = 0; i < 6; i++) {
      const next = tensor([0.3 - i, i, -0.1 * i, 2], { dtype });
      gradient.assign(next);
      twin.grad = next;
      if (i === 3)
        for (const optimizer of [recorded, eager]) optimizer.paramGroups[0].lr = row.quadraticLr * 3;
      loaded.run([], state);
      eager.step();
      expect(w.toArray()).toEqual(twin.toArray());
    }
    expect(Object.values(recorded.stateDict()).map(String)).toEqual(
      Object.values(eager.stateDict()).map(String),
    );
  });

  it('is the same when the whole training step is recorded', () => {
    const [w, twin] = [start('float32'), start('float32')];
    const lrSchedule = exponentialDecay({ gamma: 0.8 });
    const recorded = row.make([w], { ...options, lrSchedule });
    const eager = row.make([twin], { ...options, lrSchedule });
    const { program, state, effects } = record([], () => {
      descend(recorded, w);
      recorded.lrStep();
      return [quadratic(w.detach())];
    });
    const loaded = eagerExecutor.load(program);
    for (let i = 0; i < 5; i++) {
      const [loss] = loaded.run([], state);
      for (const effect of effects) effect();
      descend(eager, twin);
      eager.lrStep();
      expect(w.toArray()).toEqual(twin.toArray());
      expect(loss!.item()).toBe(quadratic(twin.detach()).item());
      expect(recorded.paramGroups[0].lr).toBe(eager.paramGroups[0].lr);
    }
  });
}

describe('every exported optimizer', () => {
  it('has a row', () => {
    expect(Object.keys(contract).sort()).toEqual(exportedOptimizers().sort());
  });
});

for (const name of Object.keys(contract) as OptimizerName[]) {
  for (const row of contract[name]) {
    describe(`${name} ${row.title}`, () => {
      run(row);
    });
  }
}
