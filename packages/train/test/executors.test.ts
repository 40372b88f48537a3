import { describe, expect, it } from 'vitest';
import { createWasmExecutor } from '@nadir/compiler';
import { DataLoader, TensorDataset } from '@nadir/data';
import {
  BatchNorm1d,
  clipGradNorm,
  crossEntropy,
  Dropout,
  Linear,
  mseLoss,
  ReLU,
  Sequential,
} from '@nadir/nn';
import { Adam, SGD } from '@nadir/optimizers';
import {
  defaultGenerator,
  eagerExecutor,
  linspace,
  manualSeed,
  ProgramError,
  randn,
  tensor,
  ValueError,
  type Tensor,
} from '@nadir/tensor';
import { assertAllClose } from '@nadir/tensor/testing';
import {
  accuracy,
  gradientNormBelow,
  Trainer,
  type ExecutorChoice,
  type StepRecord,
  type TrainerOptions,
} from '@nadir/train';

type Pair = readonly [Tensor, Tensor];
type Options = Partial<TrainerOptions<Pair>>;

/** Every way to take a step: the loop itself, the same traced and interpreted, and compiled to WebAssembly. */
const executors: readonly (readonly [string, ExecutorChoice])[] = [
  ['eager', 'eager'],
  ['interpreted', eagerExecutor],
  ['wasm', 'wasm'],
];

/** Rows of three classes; their number is no multiple of the batch size. */
function rows(count = 44): Pair {
  manualSeed(5);
  const x = randn([count, 6]);
  return [x, x.at('...', 0).gt(0).cast('int32').add(x.at('...', 1).gt(0).cast('int32'))];
}

/** Dropout, batch statistics, moments, counters, a schedule: everything that a step may change. */
function classifier(options: Options = {}) {
  const [x, y] = rows();
  manualSeed(2);
  // No bias before the normalization, which takes it out again: its gradient is rounding, and a step of Adam is not.
  const model = new Sequential(
    new Linear(6, 16, { bias: false }),
    new BatchNorm1d(16),
    new ReLU(),
    new Dropout(0.2),
    new Linear(16, 3),
  );
  const optimizer = new Adam(model.parameters(), { lr: 1e-2, lrSchedule: 'exponential' });
  const trainer = new Trainer<Pair>({
    model,
    optimizer,
    forward: ([a, b]) => {
      const output = model(a);
      return { loss: crossEntropy(output, b), output };
    },
    metrics: { accuracy: accuracy() },
    clipNorm: 0.5,
    ...options,
  });
  const loader = new DataLoader(new TensorDataset(x, y), { batchSize: 8, shuffle: true, seed: 4 });
  return { model, optimizer, trainer, loader, validation: [[x, y]] as const };
}

type Classifier = ReturnType<typeof classifier>;

/** Everything that a step may change, by name. */
function stateOf({ model, optimizer }: Pick<Classifier, 'model' | 'optimizer'>): [string, Tensor][] {
  const random = defaultGenerator().getState();
  return Object.entries({ ...model.stateDict(), ...optimizer.stateDict(), random });
}

const bits = (state: readonly [string, Tensor][]): unknown =>
  state.map(([name, x]) => [name, x.dtype, Array.from(x.data)]);

/** A few steps differ by rounding alone; Adam makes that as large as a small share of the learning rate. */
const rounding = { relative: 1e-3, absolute: 2e-5 };

function expectEqual(actual: [string, Tensor][], expected: [string, Tensor][]): void {
  expect(bits(actual)).toEqual(bits(expected));
}

function expectClose(actual: [string, Tensor][], expected: [string, Tensor][]): void {
  expect(actual.map(([name]) => name)).toEqual(expected.map(([name]) => name));
  for (const [index, [, x]] of actual.entries()) assertAllClose(x, expected[index]![1], rounding);
}

const lossesOf = (steps: readonly StepRecord[]): number[] => steps.map(({ loss }) => loss);

describe.each(executors)('a step on the %s executor', (name, executor) => {
  const expectSame = name === 'wasm' ? expectClose : expectEqual;

  it('does what the loop written by hand does', async () => {
    const made = classifier({ executor });
    const { history } = await made.trainer.fit(made.loader, { epochs: 3 });
    const trained = stateOf(made);

    const other = classifier();
    const norms: number[] = [];
    const losses: number[] = [];
    for (let epoch = 0; epoch < 3; epoch++) {
      for (const [x, y] of other.loader) {
        other.optimizer.zeroGrad();
        const loss = crossEntropy(other.model(x), y);
        loss.backward();
        norms.push(clipGradNorm(other.model.parameters(), 0.5).item());
        other.optimizer.step();
        other.optimizer.lrStep();
        losses.push(loss.item());
      }
    }
    expectSame(trained, stateOf(other));
    assertAllClose(tensor(lossesOf(history.steps)), tensor(losses), rounding);
    assertAllClose(tensor(history.steps.map(({ gradientNorm }) => gradientNorm!)), tensor(norms), rounding);
    expect(history.steps.map(({ lr }) => lr)).toEqual(losses.map((_, step) => 0.01 * 0.99 ** step));
  });

  it('is evaluated in evaluation mode, to the same loss and metrics', async () => {
    const made = classifier({ executor });
    await made.trainer.fit(made.loader, { epochs: 2 });
    const before = bits(stateOf(made));
    const evaluation = await made.trainer.evaluate(made.validation);
    expect(bits(stateOf(made))).toEqual(before);
    expect(made.model.training).toBe(true);

    made.model.eval();
    const [[x, y]] = made.validation;
    const output = made.model(x);
    expect(evaluation.loss).toBeCloseTo(crossEntropy(output, y).item(), 5);
    expect(evaluation.metrics['accuracy']).toBe(output.argmax(1).eq(y).cast('int32').sum().item() / 44);
  });

  it('of several batches is the step of one batch of all their items', async () => {
    // Batch statistics and dropout would differ: a plain network.
    const plain = (options: Options, batchSize: number) => {
      const [x, y] = rows();
      manualSeed(2);
      const model = new Sequential(new Linear(6, 16), new ReLU(), new Linear(16, 3));
      const optimizer = new Adam(model.parameters(), { lr: 1e-2 });
      const forward = ([a, b]: Pair): Tensor => crossEntropy(model(a), b);
      const trainer = new Trainer<Pair>({ model, optimizer, forward, clipNorm: 0.3, executor, ...options });
      return { model, optimizer, trainer, loader: new DataLoader(new TensorDataset(x, y), { batchSize }) };
    };
    // 44 rows: steps of 24 and 20 rows, in batches of 8, 8, 8 and 8, 8, 4.
    const whole = plain({}, 24);
    const all = await whole.trainer.fit(whole.loader, { epochs: 3 });
    const split = plain({ accumulate: 3 }, 8);
    const totals: number[] = [];
    const parts = await split.trainer.fit(split.loader, {
      epochs: 3,
      onStep: (_, { totalSteps, stepsPerEpoch }) => void totals.push(totalSteps, stepsPerEpoch),
    });
    expect([parts.steps, new Set(totals)]).toEqual([6, new Set([6, 2])]);
    expect(parts.history.steps.map(({ batchSize }) => batchSize)).toEqual([24, 20, 24, 20, 24, 20]);
    expectClose(stateOf(split), stateOf(whole));
    assertAllClose(tensor(lossesOf(parts.history.steps)), tensor(lossesOf(all.history.steps)), rounding);
  });

  it('of several batches goes on exactly from where it was interrupted', async () => {
    const whole = classifier({ executor, accumulate: 2 });
    await whole.trainer.fit(whole.loader, { epochs: 3 });
    const controller = new AbortController();
    const first = classifier({ executor, accumulate: 2 });
    await first.trainer.fit(first.loader, {
      epochs: 3,
      signal: controller.signal,
      // The third step is that of the two last batches of the first epoch.
      onStep: ({ step }) => void (step === 3 && controller.abort()),
    });
    const state = first.trainer.state();
    const second = classifier({ executor, accumulate: 2 });
    second.trainer.loadState(state);
    await second.trainer.fit(second.loader, { epochs: 3 });
    expect(second.trainer.step).toBe(9);
    expect(bits(stateOf(second))).toEqual(bits(stateOf(whole)));
  });

  it.each([
    [1, 2, 2],
    [3, 3, 1],
    [3, 5, 1],
  ])('with %i batches whose batch %i is not finite changes nothing', async (accumulate, bad, steps) => {
    const made = classifier({ executor, accumulate });
    let seen = 0;
    const batches = {
      length: made.loader.length,
      stateDict: () => made.loader.stateDict(),
      loadStateDict: (state: { epoch: number; batch: number }) => made.loader.loadStateDict(state),
      async *[Symbol.asyncIterator](): AsyncGenerator<Pair> {
        for (const [x, y] of made.loader) yield seen++ === bad ? [x.mul(NaN), y] : [x, y];
      },
    };
    let before: unknown;
    const note = (): void => void (before = bits(stateOf(made)));
    const { reason } = await made.trainer.fit(batches, { epochs: 3, onStep: note });
    expect(reason).toEqual({ kind: 'diverged', text: `the loss of step ${steps + 1} is not finite` });
    expect([made.trainer.step, made.optimizer.paramGroups[0].scheduleStep]).toEqual([steps, steps]);
    expect(bits(stateOf(made))).toEqual(before);

    // Nothing is broken: what comes after is what it would have been without the bad batches.
    const after = await made.trainer.fit(batches, { epochs: 3 });
    expect(after.reason.kind).toBe('completed');
    expect(lossesOf(after.history.steps).every(Number.isFinite)).toBe(true);
  });
});

describe('the executor of a trainer', () => {
  it('is wasm unless told otherwise', () => {
    expect(classifier().trainer.executor).toBe('wasm');
    expect(classifier({ executor: 'eager' }).trainer.executor).toBe('eager');
    expect(classifier({ executor: { ...eagerExecutor, name: 'mine' } }).trainer.state().executor).toBe(
      'mine',
    );
  });

  it('may change in the middle of training', async () => {
    const whole = classifier({ executor: 'eager' });
    const all = await whole.trainer.fit(whole.loader, { epochs: 3, validation: whole.validation });
    let state = classifier().trainer.state();
    let last: Classifier | undefined;
    for (const [epochs, executor] of ['eager', 'wasm', 'eager'].entries()) {
      last = classifier({ executor: executor as 'eager' | 'wasm' });
      last.trainer.loadState(state);
      await last.trainer.fit(last.loader, { epochs: epochs + 1, validation: last.validation });
      state = last.trainer.state();
    }
    expectClose(stateOf(last!), stateOf(whole));
    const { steps, evaluations } = last!.trainer.history;
    assertAllClose(tensor(lossesOf(steps)), tensor(lossesOf(all.history.steps)), rounding);
    assertAllClose(
      tensor(evaluations.map(({ loss }) => loss)),
      tensor(all.history.evaluations.map(({ loss }) => loss)),
      rounding,
    );
  });

  it('holds state until dispose(), and compiles again where training goes on', async () => {
    const executor = createWasmExecutor();
    const whole = classifier({ executor });
    await whole.trainer.fit(whole.loader, { epochs: 2, validation: whole.validation });
    const kindOf = ({ model }: Classifier): string => model.parameters()[0]!.storage.home.kind;
    expect(kindOf(whole)).toBe('pinned');
    whole.trainer.dispose();
    expect(kindOf(whole)).toBe('host');

    const parts = classifier({ executor });
    {
      using trainer = parts.trainer;
      await trainer.fit(parts.loader, { epochs: 1, validation: parts.validation });
    }
    expect(kindOf(parts)).toBe('host');
    await parts.trainer.fit(parts.loader, { epochs: 2, validation: parts.validation });
    expect(bits(stateOf(parts))).toEqual(bits(stateOf(whole)));
  });

  it('compiles one program a shape, whatever the number of steps', async () => {
    let loads = 0;
    const counting = { ...eagerExecutor, load: (program: never) => (loads++, eagerExecutor.load(program)) };
    const made = classifier({ executor: counting });
    await made.trainer.fit(made.loader, { epochs: 4, validation: made.validation });
    // Batches of 8, the last one of 4, and the evaluation.
    expect(loads).toBe(3);
    await made.trainer.fit(made.loader, { epochs: 5 });
    expect(loads).toBe(3);
  });

  it('measures the gradient norm as soon as a condition asks for it', async () => {
    const made = classifier();
    const trainer = new Trainer<Pair>({
      model: made.model,
      optimizer: made.optimizer,
      forward: ([x, y]) => crossEntropy(made.model(x), y),
    });
    await trainer.fit(made.loader, { epochs: 1 });
    await trainer.fit(made.loader, { epochs: 2, stop: [gradientNormBelow(1e-9)] });
    const norms = trainer.history.steps.map(({ gradientNorm }) => gradientNorm);
    expect(norms.slice(0, 6)).toEqual(Array.from({ length: 6 }, () => undefined));
    expect(norms.slice(6).every((norm) => norm! > 0)).toBe(true);
  });

  it('leaves gradients where it is told to keep them', async () => {
    const x = linspace(-1, 1, 8).unsqueeze(1);
    const data: Pair = [x, x.mul(3)];
    const run = async (options: Options): Promise<Linear> => {
      manualSeed(1);
      const model = new Linear(1, 1);
      const optimizer = new SGD(model.parameters(), { lr: 0.1 });
      const trainer = new Trainer<Pair>({
        model,
        optimizer,
        forward: ([a, b]) => mseLoss(model(a), b),
        ...options,
      });
      await trainer.fit(new DataLoader(new TensorDataset(...data), { batchSize: 8 }), { epochs: 2 });
      return model;
    };
    const kept = await run({ keepGrads: true });
    const eager = await run({ executor: 'eager' });
    assertAllClose(kept.weight.grad!, eager.weight.grad!);
    const dropped = await run({});
    expect(() => dropped.weight.grad).toThrow('keepGrads: true');
  });

  it('says how to go on where a step cannot be compiled', async () => {
    const [x, y] = rows();
    const model = new Linear(6, 3);
    const optimizer = new SGD(model.parameters(), { lr: 0.1 });
    const trainer = (executor: ExecutorChoice): Trainer<Pair> =>
      new Trainer<Pair>({
        model,
        optimizer,
        executor,
        forward: ([a, b]) => {
          const loss = crossEntropy(model(a), b);
          return loss.item() > 100 ? loss.mul(0.5) : loss;
        },
      });
    const before = bits(stateOf({ model, optimizer } as never));
    const loader = new DataLoader(new TensorDataset(x, y), { batchSize: 8 });
    const failing = trainer('wasm').fit(loader);
    await expect(failing).rejects.toThrow(ProgramError);
    await expect(failing).rejects.toThrow("A Trainer with { executor: 'eager' } does not compile its steps.");
    await expect(trainer('wasm').evaluate([[x, y]])).rejects.toThrow("{ executor: 'eager' }");
    expect(bits(stateOf({ model, optimizer } as never))).toEqual(before);
    expect((await trainer('eager').fit(loader)).reason.kind).toBe('completed');
  });

  it('takes a whole number of batches a step', () => {
    expect(() => classifier({ accumulate: 1.5 })).toThrow(ValueError);
    expect(() => classifier({ accumulate: 0 })).toThrow(
      'accumulate must be a whole number of at least 1, got 0',
    );
  });
});
