import { inspect } from 'node:util';
import { parameter } from '@nadir/autograd';
import { defineSchedule, exponentialDecay, ScheduleError } from '@nadir/schedulers';
import { NadirError, ones, ShapeError, tensor, ValueError, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { Adagrad, Adam, AdamW, RMSprop, SGD, type AdamOptions, type SGDOptions } from '../src/index.ts';

function weight(): Tensor {
  return parameter([1, 2]);
}

describe('invalid options', () => {
  const sgd = (options: SGDOptions) => (): unknown => new SGD([weight()], options);
  const adam = (options: AdamOptions) => (): unknown => new Adam([weight()], options);
  const cases: readonly (readonly [string, () => unknown, string])[] = [
    ['lr', sgd({ lr: -1 }), 'SGD(): lr must be a finite number of at least 0, got -1.'],
    ['lr', adam({ lr: NaN }), 'Adam(): lr must be a finite number of at least 0, got NaN.'],
    ['lr', sgd({ lr: Infinity }), 'SGD(): lr must be a finite number of at least 0, got Infinity.'],
    [
      'lr',
      sgd({ lr: '0.1' as unknown as number }),
      'SGD(): lr must be a finite number of at least 0, got 0.1.',
    ],
    ['momentum', sgd({ momentum: -0.1 }), 'SGD(): momentum must be a finite number of at least 0, got -0.1.'],
    [
      'dampening',
      sgd({ momentum: 0.9, dampening: NaN }),
      'SGD(): dampening must be a finite number, got NaN.',
    ],
    [
      'weightDecay',
      sgd({ weightDecay: -1 }),
      'SGD(): weightDecay must be a finite number of at least 0, got -1.',
    ],
    [
      'nesterov',
      sgd({ nesterov: true }),
      'SGD(): nesterov needs momentum above 0 and dampening 0, got 0 and 0.',
    ],
    [
      'nesterov',
      sgd({ nesterov: true, momentum: 0.9, dampening: 0.1 }),
      'SGD(): nesterov needs momentum above 0 and dampening 0, got 0.9 and 0.1.',
    ],
    ['betas', adam({ betas: [1, 0.9] }), 'Adam(): betas[0] must be in [0, 1), got 1.'],
    ['betas', adam({ betas: [0.9, -0.5] }), 'Adam(): betas[1] must be in [0, 1), got -0.5.'],
    [
      'betas',
      adam({ betas: 0.9 as unknown as [number, number] }),
      'Adam(): betas must be two numbers, got 0.9.',
    ],
    ['eps', adam({ eps: -1e-8 }), 'Adam(): eps must be a finite number of at least 0, got -1e-8.'],
    [
      'weightDecay',
      () => new AdamW([weight()], { weightDecay: -1 }),
      'AdamW(): weightDecay must be a finite number of at least 0, got -1.',
    ],
    ['alpha', () => new RMSprop([weight()], { alpha: 1 }), 'RMSprop(): alpha must be in [0, 1), got 1.'],
    [
      'initialAccumulatorValue',
      () => new Adagrad([weight()], { initialAccumulatorValue: -1 }),
      'Adagrad(): initialAccumulatorValue must be a finite number of at least 0, got -1.',
    ],
    [
      'a misspelt name',
      sgd({ learningRate: 1 } as SGDOptions),
      'SGD(): the options are lr, lrSchedule, maximize, momentum, dampening, weightDecay, nesterov, got learningRate.',
    ],
    [
      'an option of another optimizer',
      adam({ momentum: 0.9 } as AdamOptions),
      'Adam(): the options are lr, lrSchedule, maximize, betas, eps, weightDecay, amsgrad, got momentum.',
    ],
    [
      'an option of a group',
      () => new SGD([{ params: [weight()], lr: -2 }]),
      'SGD(): lr must be a finite number of at least 0, got -2.',
    ],
  ];
  for (const [what, attempt, message] of cases) {
    it(`are named: ${what}, ${message}`, () => {
      expect(attempt).toThrow(ValueError);
      expect(attempt).toThrow(message);
    });
  }
});

describe('invalid parameters', () => {
  const cases: readonly (readonly [string, () => unknown, string])[] = [
    ['none', () => new SGD([]), 'SGD(): needs at least one parameter, got none. Pass model.parameters().'],
    [
      'what is no tensor',
      () => new SGD([{ params: [1] as unknown as Tensor[] }]),
      'SGD(): parameters must be tensors, got number at position 0.',
    ],
    [
      'a result',
      () => new SGD([weight(), weight().mul(2)]),
      'SGD(): parameter 1 of shape [2] is the result of an operation. Pass the tensor that parameter() made.',
    ],
    [
      'a tensor among groups',
      () => new SGD([{ params: [weight()] }, weight()] as unknown as Tensor[]),
      'SGD(): a group must be { params, …options }, got a tensor among groups.',
    ],
    [
      'a number',
      () => new SGD([3] as unknown as Tensor[]),
      'SGD(): a group must be { params, …options }, got number.',
    ],
  ];
  for (const [what, attempt, message] of cases) {
    it(`are named: ${what}`, () => {
      expect(attempt).toThrow(ValueError);
      expect(attempt).toThrow(message);
    });
  }

  it('are named where one comes twice, in a group or in two', () => {
    const w = weight();
    const message = 'parameter 0 of shape [2] comes twice.';
    expect(() => new SGD([w, w])).toThrow('SGD(): parameter 1 of shape [2] comes twice.');
    expect(() => new SGD([{ params: [w] }, { params: [w] }])).toThrow(message);
    const optimizer = new SGD([w]);
    expect(() => optimizer.addParamGroup({ params: [w] })).toThrow(message);
    expect(optimizer.paramGroups.length).toBe(1);
  });
});

describe('addParamGroup', () => {
  it('adds parameters with options of their own, the rest as in the constructor', () => {
    const [a, b] = [weight(), weight()];
    const optimizer = new SGD([a], { lr: 1, momentum: 0.5 });
    optimizer.addParamGroup({ params: [b], lr: 0.1 });
    a.grad = ones([2]);
    b.grad = ones([2]);
    optimizer.step();
    expect(a.toArray()).toEqual([0, 1]);
    expect(b.at(0).item()).toBeCloseTo(0.9);
    expect(optimizer.paramGroups[1]!.momentum).toBe(0.5);
    optimizer.zeroGrad();
    expect(b.grad).toBe(null);
  });

  it('takes any iterable, once', () => {
    const parameters = [weight(), weight()];
    const optimizer = new SGD(
      (function* () {
        yield* parameters;
      })(),
    );
    expect(optimizer.paramGroups[0].params).toEqual(parameters);
  });
});

describe('lrStep', () => {
  it('sets the learning rate from the base, by the number of calls', () => {
    const optimizer = new SGD([weight()], { lr: 0.1, lrSchedule: exponentialDecay({ gamma: 0.5 }) });
    const [group] = optimizer.paramGroups;
    expect(group.lr).toBe(0.1);
    optimizer.lrStep();
    optimizer.lrStep();
    expect([group.lr, group.baseLr, group.scheduleStep]).toEqual([0.025, 0.1, 2]);
  });

  it.each([
    ['exponential', 0.99],
    ['step', 0.5],
    ['constant', 1],
  ] as const)('knows the short form %s', (name, factor) => {
    const optimizer = new SGD([weight()], { lr: 0.1, lrSchedule: name });
    optimizer.lrStep();
    expect(optimizer.paramGroups[0].lr).toBeCloseTo(0.1 * factor, 15);
  });

  it('asks for the number of steps where a short form needs it', () => {
    expect(() => new SGD([weight()], { lrSchedule: 'cosine' })).toThrow(ScheduleError);
    expect(() => new SGD([weight()], { lrSchedule: 'cosine' })).toThrow(/'cosine' needs the number of steps/);
    expect(() => new SGD([weight()], { lrSchedule: 'cosin' as 'cosine' })).toThrow(
      /must be one of .*got 'cosin'/,
    );
  });

  it('takes a plain function of the step, from its value at 0 on', () => {
    const optimizer = new SGD([weight()], { lr: 1, lrSchedule: (step) => 1 / (2 + step) });
    expect(optimizer.paramGroups[0].lr).toBe(0.5);
    optimizer.lrStep();
    expect(optimizer.paramGroups[0].lr).toBeCloseTo(1 / 3, 15);
  });

  it('runs a schedule per group', () => {
    const optimizer = new SGD([{ params: [weight()] }, { params: [weight()], lr: 1, lrSchedule: 'step' }], {
      lr: 0.1,
    });
    optimizer.lrStep();
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([0.1, 0.5]);
  });

  it('changes nothing where the schedule fails', () => {
    const lrSchedule = defineSchedule('broken', {}, (step) => (step < 1 ? 1 : NaN));
    const optimizer = new SGD([weight()], { lr: 0.1, lrSchedule });
    expect(() => optimizer.lrStep()).toThrow(ScheduleError);
    const [{ lr, scheduleStep }] = optimizer.paramGroups;
    expect([lr, scheduleStep]).toEqual([0.1, 0]);
  });
});

describe('loadStateDict', () => {
  it('refuses the state of another optimizer, and changes nothing', () => {
    const [a, b] = [new SGD([weight()], { lr: 0.1 }), new SGD([weight()], { lr: 0.2, momentum: 0.9 })];
    expect(() => a.loadStateDict(b.stateDict())).toThrow(NadirError);
    expect(() => a.loadStateDict(b.stateDict())).toThrow(
      'loadStateDict(): the state is of another optimizer, missing [], ' +
        'unexpected [groups.0.momentum, groups.0.params.0.momentumBuffer]. ' +
        'Build the optimizer with the same groups and options first.',
    );
    expect(() => b.loadStateDict(a.stateDict())).toThrow(
      'missing [groups.0.momentum, groups.0.params.0.momentumBuffer]',
    );
    expect(a.paramGroups[0].lr).toBe(0.1);
  });

  it('shortens long lists', () => {
    const many = new Adam([weight(), weight(), weight()]);
    expect(() => many.loadStateDict({})).toThrow(
      /missing \[groups\.0\.baseLr, .* and \d+ more\], unexpected \[\]/,
    );
  });

  it('refuses another shape, and changes nothing', () => {
    const source = new Adam([parameter([1, 2, 3])], { lr: 0.5 });
    const target = new Adam([weight()], { lr: 0.1 });
    expect(() => target.loadStateDict(source.stateDict())).toThrow(ShapeError);
    expect(() => target.loadStateDict(source.stateDict())).toThrow(
      'loadStateDict(): groups.0.params.0.firstMoment must have shape [2], got [3]. Nothing was loaded.',
    );
    expect(target.paramGroups[0].lr).toBe(0.1);
  });
});

describe('descriptions', () => {
  const optimizer = new SGD([{ params: [weight(), weight()] }, { params: [parameter([[1, 2, 3]])], lr: 1 }], {
    lr: 0.1,
    momentum: 0.9,
    nesterov: true,
    lrSchedule: exponentialDecay({ gamma: 0.95 }),
  });
  optimizer.lrStep();

  it('are JSON, with the schedule that a report can build again', () => {
    const schedule = { name: 'exponentialDecay', config: { gamma: 0.95, every: 1 } };
    expect(JSON.parse(JSON.stringify(optimizer))).toEqual({
      name: 'SGD',
      groups: [
        {
          parameters: 2,
          elements: 4,
          options: { lr: 0.095, momentum: 0.9, nesterov: true },
          baseLr: 0.1,
          schedule,
          scheduleStep: 1,
        },
        {
          parameters: 1,
          elements: 3,
          options: { lr: 0.95, momentum: 0.9, nesterov: true },
          baseLr: 1,
          schedule,
          scheduleStep: 1,
        },
      ],
    });
  });

  it('print', () => {
    expect(inspect(optimizer)).toBe(String(optimizer));
    expect(String(new Adam([weight()], { maximize: true }))).toBe(
      'Adam(lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, maximize: true)',
    );
    expect(String(optimizer)).toBe(
      'SGD(\n' +
        '  (0): lr: 0.095, momentum: 0.9, nesterov: true, lrSchedule: exponentialDecay({ gamma: 0.95, every: 1 })\n' +
        '  (1): lr: 0.95, momentum: 0.9, nesterov: true, lrSchedule: exponentialDecay({ gamma: 0.95, every: 1 })\n)',
    );
  });
});

describe('step', () => {
  it('of centered RMSprop stays finite where all gradients are alike', () => {
    const w = parameter([1]);
    const optimizer = new RMSprop([w], { lr: 1e-3, alpha: 0.6, eps: 1e-3, centered: true });
    for (let i = 0; i < 100; i++) {
      w.grad = tensor([0.1]);
      optimizer.step();
    }
    expect(w.item()).toBeLessThan(1);
  });

  it('keeps float32 hyper-parameters in float64 until the update', () => {
    const w = parameter(tensor([0], { dtype: 'float32' }));
    const optimizer = new SGD([w], { lr: 0.1 });
    expect(optimizer.paramGroups[0].lr).toBe(0.1);
    w.grad = tensor([-1]);
    optimizer.step();
    expect(w.item()).toBe(Math.fround(0.1));
  });

  it('walks the owner’s θ to PyTorch’s digits', () => {
    const theta = parameter([0]);
    const optimizer = new SGD([theta], { lr: 0.01 });
    for (let i = 0; i < 1000; i++) {
      optimizer.zeroGrad();
      theta
        .mul(tensor([1]))
        .sub(tensor([2]))
        .square()
        .mean()
        .backward();
      optimizer.step();
    }
    expect(Math.abs(theta.item() - 1.9999970197677612)).toBeLessThan(1e-6);
  });

  it('updates a parameter of no elements, a scalar, and a view of a larger tensor', () => {
    const whole = tensor([1, 2, 3, 4]);
    const part = parameter(whole.at([1, 2]).clone());
    const parameters = [parameter(tensor(new Float32Array(0))), parameter(tensor(5)), part];
    const optimizer = new Adam(parameters, { lr: 1 });
    for (const w of parameters) w.grad = ones(w.shape);
    optimizer.step();
    expect(parameters.map((w) => w.round().toArray())).toEqual([[], 4, [1, 2]]);
  });
});
