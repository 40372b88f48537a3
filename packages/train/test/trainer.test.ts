import { describe, expect, it } from 'vitest';
import { DataLoader, TensorDataset } from '@nadir/data';
import { crossEntropy, Dropout, Linear, mseLoss, ReLU, Sequential } from '@nadir/nn';
import { Adam, SGD } from '@nadir/optimizers';
import { linspace, manualSeed, rand, tensor, ValueError, type Tensor } from '@nadir/tensor';
import {
  accuracy,
  earlyStopping,
  gradientNormBelow,
  lossChangeBelow,
  maxSteps,
  targetReached,
  timeLimit,
  topKAccuracy,
  Trainer,
  type ExecutorChoice,
  type StepRecord,
  type TrainerState,
} from '@nadir/train';

type Pair = readonly [Tensor, Tensor];

/** A line to fit: y = 3x + 1 on 32 points. */
function line(executor?: ExecutorChoice): {
  model: Linear;
  trainer: Trainer<Pair>;
  loader: DataLoader<[Tensor, Tensor]>;
} {
  manualSeed(1);
  const x = linspace(-1, 1, 32).unsqueeze(1);
  const model = new Linear(1, 1);
  const optimizer = new SGD(model.parameters(), { lr: 0.3 });
  const trainer = new Trainer<Pair>({
    model,
    optimizer,
    forward: ([a, b]) => mseLoss(model(a), b),
    ...(executor === undefined ? {} : { executor }),
  });
  return {
    model,
    trainer,
    loader: new DataLoader(new TensorDataset(x, x.mul(3).add(1)), { batchSize: 8, shuffle: true }),
  };
}

/** A classifier with dropout, so that random numbers are part of the state. */
function classifier({ lr = 1e-2, executor }: { lr?: number; executor?: ExecutorChoice } = {}): {
  model: Sequential;
  trainer: Trainer<Pair>;
  loader: DataLoader<[Tensor, Tensor]>;
  validation: DataLoader<[Tensor, Tensor]>;
} {
  manualSeed(2);
  const x = rand([40, 6]);
  const y = x.at('...', 0).gt(0.5).cast('int32');
  const model = new Sequential(new Linear(6, 16), new ReLU(), new Dropout(0.2), new Linear(16, 2));
  const optimizer = new Adam(model.parameters(), { lr, lrSchedule: 'exponential' });
  const trainer = new Trainer<Pair>({
    model,
    optimizer,
    forward: ([a, b]) => {
      const output = model(a);
      return { loss: crossEntropy(output, b), output };
    },
    metrics: { accuracy: accuracy() },
    clipNorm: 1,
    ...(executor === undefined ? {} : { executor }),
  });
  const data = new TensorDataset(x, y);
  return {
    model,
    trainer,
    loader: new DataLoader(data, { batchSize: 8, shuffle: true, seed: 4 }),
    validation: new DataLoader(data, { batchSize: 40 }),
  };
}

function weights(model: { parameters(): Tensor[] }): unknown[] {
  return model.parameters().map((parameter) => parameter.toArray());
}

describe.each(['eager', 'wasm'] as const)('Trainer on %s', (executor) => {
  it('fits a line', async () => {
    const { model, trainer, loader } = line(executor);
    const result = await trainer.fit(loader, { epochs: 40 });
    expect(result.reason).toEqual({ kind: 'completed', text: '40 of 40 epochs are done' });
    expect([result.steps, result.epochs, result.history.steps.length]).toEqual([160, 40, 160]);
    expect(model.weight.item()).toBeCloseTo(3, 4);
    expect(model.bias!.item()).toBeCloseTo(1, 4);
  });

  it('evaluates in evaluation mode, weighting batches by their size', async () => {
    const { model, trainer, loader } = classifier({ executor });
    const whole = await trainer.evaluate(new DataLoader(loader.dataset, { batchSize: 40 }));
    const parts = await trainer.evaluate(new DataLoader(loader.dataset, { batchSize: 7 }));
    expect(parts.loss).toBeCloseTo(whole.loss, 5);
    expect(parts.metrics['accuracy']).toBe(whole.metrics['accuracy']);
    expect(model.training).toBe(true);
  });

  it('goes on exactly from a snapshot taken within an epoch', async () => {
    const whole = classifier({ executor });
    const all = await whole.trainer.fit(whole.loader, { epochs: 3, validation: whole.validation });

    const first = classifier({ executor });
    const controller = new AbortController();
    const stopped = await first.trainer.fit(first.loader, {
      epochs: 3,
      validation: first.validation,
      signal: controller.signal,
      onStep: ({ step }) => {
        if (step === 7) controller.abort();
      },
    });
    expect([stopped.reason.kind, stopped.steps, stopped.epochs]).toEqual(['interrupted', 7, 1]);
    const state: TrainerState = first.trainer.state();

    const second = classifier({ executor });
    manualSeed(99);
    second.trainer.loadState(state);
    const rest = await second.trainer.fit(second.loader, { epochs: 3, validation: second.validation });
    expect(weights(second.model)).toEqual(weights(whole.model));
    const lossesOf = (steps: readonly StepRecord[]): number[] => steps.map(({ loss }) => loss);
    expect(lossesOf(rest.history.steps)).toEqual(lossesOf(all.history.steps));
    expect(rest.history.evaluations.map(({ metrics }) => metrics)).toEqual(
      all.history.evaluations.map(({ metrics }) => metrics),
    );
  });

  it('leaves the loader where training stopped, whoever else goes through it', async () => {
    const { trainer, loader } = line(executor);
    const options = { epochs: 3, evaluateEvery: 1, validation: loader };
    await trainer.fit(loader, { ...options, stop: [maxSteps(loader.length + 2)] });
    expect(trainer.step).toBe(loader.length + 2);
    expect(loader.stateDict()).toEqual({ epoch: 1, batch: 2 });
    await trainer.fit(loader, options);
    expect([trainer.step, trainer.epoch]).toEqual([3 * loader.length, 3]);
  });

  it('is left as it was by a snapshot of another run', async () => {
    const { model, trainer, loader } = classifier({ executor });
    await trainer.fit(loader);
    const snapshot = trainer.state();
    const other = classifier({ executor });
    const before = weights(other.model);
    expect(() => other.trainer.loadState({ ...snapshot, optimizer: {} })).toThrow(
      'the state is of another optimizer',
    );
    expect(weights(other.model)).toEqual(before);
    expect(weights(model)).not.toEqual(before);
    expect(other.trainer.step).toBe(0);
  });

  it('ends as diverged before the parameters are touched', async () => {
    const { model, trainer } = line(executor);
    const before = weights(model);
    const bad = new DataLoader(new TensorDataset(tensor([[1]]), tensor([[NaN]])));
    const { reason, steps } = await trainer.fit(bad, { epochs: 2 });
    expect([reason.kind, steps]).toEqual(['diverged', 0]);
    expect(weights(model)).toEqual(before);
  });

  it('calls back with the position and moves the schedule by epoch where asked', async () => {
    const { loader } = line(executor);
    const model = new Linear(1, 1);
    const optimizer = new SGD(model.parameters(), { lr: 0.1, lrSchedule: 'step' });
    const trainer = new Trainer<Pair>({
      model,
      optimizer,
      forward: ([a, b]) => mseLoss(model(a), b),
      lrStep: 'epoch',
      executor,
    });
    const seen: string[] = [];
    await trainer.fit(loader, {
      epochs: 2,
      validation: [[tensor([[0]]), tensor([[1]])]],
      evaluateEvery: 3,
      onEvaluation: (_, { step, totalSteps }) => void seen.push(`evaluation ${step}/${totalSteps}`),
      onEpochEnd: ({ epoch }) => void seen.push(`epoch ${epoch}`),
      onStop: ({ kind }) => void seen.push(kind),
    });
    expect(seen).toEqual([
      'evaluation 3/8',
      'evaluation 4/8',
      'epoch 1',
      'evaluation 6/8',
      'evaluation 8/8',
      'epoch 2',
      'completed',
    ]);
    expect(trainer.history.steps.map(({ lr }) => lr)).toEqual([0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05]);
  });
});

describe('stop conditions', () => {
  it.each([
    ['maxSteps', () => maxSteps(5), '5 steps are done'],
    ['timeLimit', () => timeLimit(0.001), '0.001 s are over'],
    ['gradientNormBelow', () => gradientNormBelow(1e-3), 'is below 0.001'],
    ['lossChangeBelow', () => lossChangeBelow(1e-6, { window: 4, patience: 2 }), 'less than 0.000001'],
  ])('%s ends a run', async (_, condition, text) => {
    const { trainer, loader } = line();
    const { reason } = await trainer.fit(loader, { epochs: 200, stop: [condition()] });
    expect(reason.kind).toBe('condition');
    expect(reason.text).toContain(text);
  });

  it('targetReached ends at the first evaluation that is good enough', async () => {
    const { trainer, loader, validation } = classifier({ lr: 3e-2 });
    const { reason, history } = await trainer.fit(loader, {
      epochs: 50,
      validation,
      stop: [targetReached('accuracy', 0.9)],
    });
    expect(reason.text).toMatch(/accuracy 0\.9\d* has reached 0.9|accuracy 1\.0000 has reached 0.9/);
    expect(history.evaluations.slice(0, -1).every(({ metrics }) => metrics['accuracy']! < 0.9)).toBe(true);
  });

  it('earlyStopping waits, stops, and puts the best parameters back', async () => {
    const { model, trainer, loader } = line();
    // The bias goes up to 1, away from this target: an early evaluation is the best.
    const kept: unknown[] = [];
    const { reason, epochs } = await trainer.fit(loader, {
      epochs: 20,
      validation: [[tensor([[0]]), tensor([[-50]])]],
      stop: [earlyStopping({ patience: 3 })],
      onEvaluation: () => void kept.push(weights(model)),
    });
    expect(reason.text).toContain('loss has not improved on');
    expect(epochs).toBeLessThan(20);
    expect(weights(model)).toEqual(kept[epochs - 4]);
    expect(weights(model)).not.toEqual(kept[epochs - 1]);
  });

  it('earlyStopping goes on counting after a resume', async () => {
    const condition = earlyStopping({ patience: 2 });
    const record = (loss: number) => ({ step: 1, epoch: 1, seconds: 0, loss, metrics: {} });
    expect(condition.afterEvaluation!(record(1))).toBeNull();
    expect(condition.afterEvaluation!(record(NaN))).toBeNull();
    const resumed = earlyStopping({ patience: 2 });
    resumed.setState!(condition.getState!() as never);
    expect(resumed.afterEvaluation!(record(1))).toBe('loss has not improved on 1.0000 for 2 evaluations');
  });

  it.each([
    [() => maxSteps(0), 'maxSteps(): needs a number above 0, got 0'],
    [() => lossChangeBelow(-1), 'tolerance must be above 0, got -1'],
    [() => lossChangeBelow(1, { window: 0 }), 'window must be a whole number'],
    [() => earlyStopping({ patience: 0 }), 'patience must be a whole number of at least 1, got 0'],
  ])('explain what is wrong (%#)', (act, message) => {
    expect(act).toThrow(message);
    expect(act).toThrow(ValueError);
  });

  it('must have names of their own, and metrics that exist', async () => {
    const { trainer, loader } = line();
    await expect(trainer.fit(loader, { stop: [maxSteps(1), maxSteps(2)] })).rejects.toThrow(
      "two stop conditions are named 'maxSteps'",
    );
    const { trainer: other, loader: batches, validation } = classifier();
    await expect(other.fit(batches, { validation, stop: [targetReached('f1', 1)] })).rejects.toThrow(
      "there is no metric 'f1', there are loss, accuracy",
    );
  });
});

describe('topKAccuracy', () => {
  it('counts labels among the greatest logits', () => {
    const output = tensor([
      [1, 2, 3],
      [3, 2, 1],
      [1, 3, 2],
    ]);
    const labels = tensor([1, 1, 0], { dtype: 'int32' });
    const values = [1, 2, 3].map((k) => {
      const metric = topKAccuracy<Pair>(k);
      metric.reset();
      metric.update(output, [output, labels]);
      return metric.compute();
    });
    expect(values).toEqual([0, 2 / 3, 1]);
  });
});

describe('timers and signals', () => {
  it('get their turn also where epochs are shorter than the interval', async () => {
    const { trainer, loader } = line();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const { reason } = await trainer.fit(loader, { epochs: 1e6, signal: controller.signal });
    expect(reason.kind).toBe('interrupted');
  });
});
