import { parameter } from '@nadir/autograd';
import {
  CosineAnnealingLR,
  cosineDecay,
  ExponentialLR,
  exponentialDecay,
  LinearLR,
  OneCycleLR,
  ReduceLROnPlateau,
  SequentialLR,
  stepDecay,
  StepLR,
  type LearningRateScheduler,
} from '@nadir/schedulers';
import { tensor, type FloatDType } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import {
  build,
  distance,
  fixture,
  flat,
  setGradients,
  startParameters,
  type AnyOptimizer,
  type AnyOptions,
  type Names,
} from './torch-fixture.ts';

describe(`trajectories of torch ${fixture.torch}`, () => {
  const bounds: readonly (readonly [FloatDType, number])[] = [
    ['float64', 1e-10],
    ['float32', 2e-5],
  ];
  for (const { name, optimizer: kind, options, groups, ...kept } of fixture.cases) {
    for (const [dtype, bound] of bounds) {
      it(`${name}, ${dtype}`, () => {
        const parameters = startParameters(dtype);
        const optimizer = build(kind, parameters, options, groups);
        let worst = 0;
        for (let step = 0; step < fixture.gradients.length; step++) {
          setGradients(parameters, step);
          optimizer.step();
          const expected = kept[dtype][step + 1];
          if (expected !== undefined) worst = Math.max(worst, distance(flat(parameters), expected));
        }
        expect(worst).toBeLessThan(bound);
        expect(flat(parameters)).not.toEqual(fixture.start);
      });
    }
  }

  for (const { name, optimizer: kind, options, float64 } of fixture.skipped) {
    it(`${name} leaves a parameter without gradient, and its step count, alone`, () => {
      const parameters = startParameters('float64');
      const optimizer = build(kind, parameters, options);
      for (let step = 0; step < fixture.gradients.length; step++) {
        setGradients(parameters, step);
        if ((step + 1) % 3 !== 0) parameters[1]!.grad = null;
        parameters[2]!.grad = null;
        optimizer.step();
        const expected = float64[step + 1];
        if (expected !== undefined) expect(distance(flat(parameters), expected)).toBeLessThan(1e-10);
      }
      expect(parameters[2]!.item()).toBe(fixture.start.at(-1));
    });
  }
});

describe('three steps from [1, 2] with the gradient [0.1, −0.2]', () => {
  const cases: readonly (readonly [Names, AnyOptions, readonly [number, number]])[] = [
    ['AdamW', { lr: 0.1, weightDecay: 0.01 }, [0.697302929, 2.293706083]],
    ['Adam', { lr: 0.1, weightDecay: 0.01 }, [0.7000913791, 2.2999452418]],
    ['SGD', { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 }, [0.9116139126, 2.1446317795]],
    ['RMSprop', { lr: 0.1 }, [-1.2891284506, 4.2891293702]],
    ['Adagrad', { lr: 0.1 }, [0.7715542951, 2.2284457049]],
  ];
  for (const [name, options, expected] of cases) {
    it(name, () => {
      const w = parameter(tensor([1, 2], { dtype: 'float64' }));
      const optimizer = build(name, [w], options);
      for (let step = 0; step < 3; step++) {
        w.grad = tensor([0.1, -0.2], { dtype: 'float64' });
        optimizer.step();
      }
      expect(distance(flat([w]), expected)).toBeLessThan(1e-9);
    });
  }
});

/** The schedulers of the fixture script. */
const schedulers: Readonly<Record<string, (optimizer: AnyOptimizer) => LearningRateScheduler>> = {
  StepLR: (optimizer) => new StepLR(optimizer, { stepSize: 7, gamma: 0.5 }),
  ExponentialLR: (optimizer) => new ExponentialLR(optimizer, { gamma: 0.95 }),
  CosineAnnealingLR: (optimizer) => new CosineAnnealingLR(optimizer, { tMax: 30, etaMin: 0.001 }),
  OneCycleLR: (optimizer) => new OneCycleLR(optimizer, { maxLr: 0.3, totalSteps: 31 }),
  SequentialLR: (optimizer) =>
    new SequentialLR(optimizer, {
      schedulers: [
        new LinearLR(optimizer, { startFactor: 0.1, totalIters: 5 }),
        new ExponentialLR(optimizer, { gamma: 0.9 }),
      ],
      milestones: [5],
    }),
  ReduceLROnPlateau: (optimizer) => new ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 1 }),
};

describe('torch-shaped schedulers', () => {
  const groups = [{}, { lr: 0.02 }] as const;

  for (const { optimizer: kind, options, scheduler: name, ...expected } of fixture.scheduled) {
    it(`${name} over ${kind}`, () => {
      const parameters = startParameters('float64');
      const optimizer = build(kind, parameters, options, groups);
      const scheduler = schedulers[name]!(optimizer);
      for (const [step, lrs] of expected.lrs.entries()) {
        setGradients(parameters, step);
        const now = optimizer.paramGroups;
        expect(
          distance(
            now.map(({ lr }) => lr),
            lrs,
          ),
        ).toBeLessThan(1e-14);
        const momenta = now.map(({ momentum, betas }) => momentum ?? betas![0]);
        expect(distance(momenta, expected.momenta[step]!)).toBeLessThan(1e-14);
        optimizer.step();
        scheduler.step(expected.metrics[step]!);
      }
      expect(distance(flat(parameters), expected.end)).toBeLessThan(1e-10);
    });

    it(`${name} over ${kind} resumes in any order`, () => {
      const run = (resumeAt: number, order: 'optimizer' | 'scheduler' | 'late' | null): number[] => {
        const parameters = startParameters('float64');
        let optimizer = build(kind, parameters, options, groups);
        let scheduler = schedulers[name]!(optimizer);
        const lrs: number[] = [];
        for (const [step, value] of expected.metrics.entries()) {
          if (order !== null && step === resumeAt) {
            const [saved, position] = [optimizer.stateDict(), scheduler.stateDict()];
            optimizer = build(kind, parameters, options, groups);
            if (order === 'late') optimizer.loadStateDict(saved);
            scheduler = schedulers[name]!(optimizer);
            if (order === 'scheduler') scheduler.loadStateDict(position);
            if (order !== 'late') optimizer.loadStateDict(saved);
            if (order !== 'scheduler') scheduler.loadStateDict(position);
          }
          lrs.push(...optimizer.paramGroups.map(({ lr }) => lr));
          setGradients(parameters, step);
          optimizer.step();
          scheduler.step(value);
        }
        return [...lrs, ...flat(parameters)];
      };
      const straight = run(0, null);
      for (const order of ['optimizer', 'scheduler', 'late'] as const) {
        for (const at of [0, 1, 7, 14]) expect(run(at, order)).toEqual(straight);
      }
    });
  }
});

describe('lrSchedule with lrStep()', () => {
  const pairs = [
    ['StepLR', stepDecay({ gamma: 0.5, stepSize: 7 })],
    ['ExponentialLR', exponentialDecay({ gamma: 0.95 })],
    ['CosineAnnealingLR', cosineDecay({ steps: 30, minFactor: 0.01 })],
  ] as const;
  for (const { optimizer: kind, options, scheduler: name, ...expected } of fixture.scheduled) {
    const schedule = pairs.find(([torchName]) => torchName === name)?.[1];
    if (schedule === undefined) continue;
    it(`${schedule.name} is ${name}, over ${kind}`, () => {
      const parameters = startParameters('float64');
      const optimizer = build(kind, parameters, { ...options, lrSchedule: schedule }, [
        {},
        // Torch's minimum is a learning rate, here it is a share of each group's own.
        name === 'CosineAnnealingLR'
          ? { lr: 0.02, lrSchedule: cosineDecay({ steps: 30, minFactor: 0.05 }) }
          : { lr: 0.02 },
      ]);
      for (const [step, lrs] of expected.lrs.entries()) {
        expect(
          distance(
            optimizer.paramGroups.map(({ lr }) => lr),
            lrs,
          ),
        ).toBeLessThan(1e-14);
        setGradients(parameters, step);
        optimizer.step();
        optimizer.lrStep();
      }
      expect(distance(flat(parameters), expected.end)).toBeLessThan(1e-10);
    });
  }
});
