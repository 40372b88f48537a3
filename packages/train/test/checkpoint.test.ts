import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DataLoader, TensorDataset } from '@nadir/data';
import { decodeSafetensors, encodeSafetensors, Linear, mseLoss } from '@nadir/nn';
import { Adam } from '@nadir/optimizers';
import { linspace, manualSeed, rand, tensor, type Tensor } from '@nadir/tensor';
import {
  currentEnvironment,
  decodeCheckpoint,
  earlyStopping,
  encodeCheckpoint,
  environmentChanges,
  gradientNormBelow,
  Trainer,
  type ExecutorChoice,
  type FitOptions,
} from '@nadir/train';
import { loadCheckpoint, saveCheckpoint } from '@nadir/train/node';

type Pair = readonly [Tensor, Tensor];

function run(executor: ExecutorChoice = 'wasm'): {
  model: Linear;
  trainer: Trainer<Pair>;
  loader: DataLoader<[Tensor, Tensor]>;
  options: FitOptions<Pair>;
} {
  manualSeed(7);
  const x = linspace(-1, 1, 12).unsqueeze(1);
  const model = new Linear(1, 1);
  const optimizer = new Adam(model.parameters(), { lr: 0.1, lrSchedule: 'exponential' });
  // The targets are drawn anew in every step: the random numbers are part of what goes on.
  const forward = ([a, b]: Pair): Tensor => mseLoss(model(a), b.add(rand([b.shape[0]!, 1])));
  return {
    model,
    trainer: new Trainer<Pair>({ model, optimizer, forward, executor }),
    loader: new DataLoader(new TensorDataset(x, x.mul(2)), { batchSize: 5, shuffle: true, seed: 3 }),
    options: {
      epochs: 4,
      validation: [[x, x.mul(2)]],
      stop: [earlyStopping({ patience: 50 }), gradientNormBelow(1e-9)],
    },
  };
}

const weights = (model: Linear): unknown[] => model.parameters().map((parameter) => parameter.toArray());

describe('a checkpoint', () => {
  it.each(['eager', 'wasm'] as const)(
    'continues a run with the same bits on %s, through a file',
    async (executor) => {
      const whole = run(executor);
      await whole.trainer.fit(whole.loader, whole.options);

      const folder = await mkdtemp(join(tmpdir(), 'nadir-checkpoint-'));
      try {
        const path = join(folder, 'deep', 'last.safetensors');
        const first = run(executor);
        const controller = new AbortController();
        await first.trainer.fit(first.loader, {
          ...first.options,
          signal: controller.signal,
          onStep: ({ step }) => void (step === 5 && controller.abort()),
        });
        await saveCheckpoint(path, first.trainer.state(), { command: 'nadir train' });
        expect(await readdir(join(folder, 'deep'))).toEqual(['last.safetensors']);

        const { state, metadata, warnings } = await loadCheckpoint(path, { executor });
        expect([metadata, warnings, state.step]).toEqual([{ command: 'nadir train' }, [], 5]);
        expect(state.executor).toBe(executor);
        const second = run(executor);
        second.trainer.loadState(state);
        await second.trainer.fit(second.loader, second.options);
        expect(weights(second.model)).toEqual(weights(whole.model));
        const steps = (trainer: Trainer<Pair>): unknown[] =>
          trainer.history.steps.map(({ seconds: _, ...record }) => record);
        expect(steps(second.trainer)).toEqual(steps(whole.trainer));
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );

  it('keeps weights where other tools find them', async () => {
    const { model, trainer } = run();
    const { tensors } = decodeSafetensors(encodeCheckpoint(trainer.state()));
    expect(tensors['model.weight']!.toArray()).toEqual(model.weight.toArray());
  });

  it('keeps numbers that JSON does not have', async () => {
    const { trainer } = run();
    const evaluation = { step: 1, epoch: 0, seconds: 1, loss: Infinity, metrics: { accuracy: NaN } };
    const state = { ...trainer.state(), history: { steps: [], evaluations: [evaluation] } };
    expect(decodeCheckpoint(encodeCheckpoint(state)).state.history.evaluations).toEqual([evaluation]);
  });

  it('tells where the executor is another one', () => {
    const bytes = encodeCheckpoint(run('eager').trainer.state());
    expect(decodeCheckpoint(bytes).warnings).toEqual(['The executor was eager and is now wasm.']);
    expect(decodeCheckpoint(bytes, { executor: 'eager' }).warnings).toEqual([]);
  });

  it('is refused where it is something else', async () => {
    expect(() => decodeCheckpoint(encodeSafetensors({ x: tensor([1]) }))).toThrow(
      'not a checkpoint of a training run',
    );
    const folder = await mkdtemp(join(tmpdir(), 'nadir-checkpoint-'));
    try {
      await writeFile(join(folder, 'x'), 'hello');
      await expect(loadCheckpoint(join(folder, 'x'))).rejects.toThrow(join(folder, 'x'));
      await expect(loadCheckpoint(join(folder, 'none'))).rejects.toThrow('ENOENT');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('environmentChanges', () => {
  it('names what is different', () => {
    const now = currentEnvironment();
    expect(environmentChanges(now, now)).toEqual([]);
    expect(now.features).toContain('simd');
    expect(environmentChanges({ executor: 'eager', runtime: 'Node 1', features: [] }, now)).toEqual([
      'The executor was eager and is now wasm.',
      `The runtime was Node 1 and is now ${now.runtime}.`,
      `WebAssembly now has ${now.features.join(', ')}.`,
    ]);
    expect(
      environmentChanges(now, { ...now, features: now.features.filter((name) => name !== 'simd') }),
    ).toEqual(['WebAssembly had simd and now has not.']);
  });
});
