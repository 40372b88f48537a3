import { DataLoader, TensorDataset } from '@nadir/data';
import { BatchNorm1d, crossEntropy, Dropout, Linear, mseLoss, ReLU, Sequential } from '@nadir/nn';
import { Adam, SGD } from '@nadir/optimizers';
import { defaultGenerator, manualSeed, randn, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { findLearningRate } from '../../src/index.ts';

type Batch = readonly [Tensor, Tensor];

function task() {
  manualSeed(3);
  const x = randn([512, 8]);
  const y = x.square().sum(1).lt(7).cast('int32');
  const batches = new DataLoader(new TensorDataset(x, y), { batchSize: 32, shuffle: true, seed: 4 });
  const model = new Sequential(
    new Linear(8, 32),
    new BatchNorm1d(32),
    new ReLU(),
    new Dropout(0.1),
    new Linear(32, 2),
  );
  return { batches, model, forward: ([a, b]: Batch) => crossEntropy(model(a), b) };
}

describe('findLearningRate', () => {
  for (const executor of ['eager', 'wasm'] as const) {
    it(`${executor}: leaves everything as it was, bit for bit`, async () => {
      const { batches, model, forward } = task();
      const optimizer = new Adam(model.parameters(), { lr: 2e-3 });
      model.eval();
      const snapshot = (): unknown => ({
        model: Object.entries(model.stateDict()).map(([name, value]) => [name, value.toArray()]),
        optimizer: JSON.stringify(optimizer.stateDict()),
        random: defaultGenerator().getState().toArray(),
        place: batches.stateDict(),
        lr: optimizer.paramGroups[0]!.lr,
        training: model.training,
      });
      const before = snapshot();
      const found = await findLearningRate<Batch>(
        { model, optimizer, forward, executor, from: 1e-6, to: 10 },
        batches,
      );
      expect(snapshot()).toEqual(before);
      expect(found.lrs[0]).toBe(1e-6);
      const { lr, low, high } = found.recommended;
      expect(low).toBeLessThanOrEqual(lr);
      expect(high).toBeGreaterThanOrEqual(lr);
    });
  }

  it('stays below the largest stable learning rate of a quadratic, 2 / λ, and near it', async () => {
    manualSeed(5);
    const x = randn([2048, 4]);
    const y = x.matmul(randn([4, 1])).add(randn([2048, 1]).mul(0.1));
    const batches = new DataLoader(new TensorDataset(x, y), { batchSize: 256, shuffle: true, seed: 1 });
    const model = new Linear(4, 1);
    const optimizer = new SGD(model.parameters(), { lr: 0.1 });
    const forward = ([a, b]: Batch): Tensor => mseLoss(model(a), b);
    // The Hessian of the mean of (w·x + b − y)² is 2·E[x·xᵀ] = 2·I.
    const range = { from: 1e-6, to: 10, steps: 100 };
    const { suggestions } = await findLearningRate<Batch>({ model, optimizer, forward, ...range }, batches);
    for (const { lr } of Object.values(suggestions)) {
      expect(lr).toBeLessThan(1);
      expect(lr).toBeGreaterThan(1 / 200);
    }
  });

  it('keeps the ratio of groups, and ends where the loss diverges', async () => {
    const { batches, model, forward } = task();
    const [first, ...rest] = model.parameters();
    const optimizer = new SGD(
      [
        { params: [first!], lr: 0.1 },
        { params: rest, lr: 0.01 },
      ],
      { lr: 1 },
    );
    const ratios = new Set<string>();
    const { losses, lrs } = await findLearningRate<Batch>(
      {
        model,
        optimizer,
        forward,
        from: 1e-4,
        to: 1e4,
        divergedFactor: 3,
        onStep: () => {
          ratios.add((optimizer.paramGroups[1]!.lr / optimizer.paramGroups[0]!.lr).toFixed(9));
        },
      },
      batches,
    );
    expect([...ratios]).toEqual(['0.100000000']);
    expect(losses.length).toBeLessThan(100);
    expect(losses).toHaveLength(lrs.length);
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([0.1, 0.01]);
  });

  it('puts everything back where it fails', async () => {
    const { batches, model, forward } = task();
    const optimizer = new SGD(model.parameters(), { lr: 0.1 });
    const before = JSON.stringify(model.stateDict());
    const far = { model, optimizer, forward, from: 1e8, to: 1e12 };
    await expect(findLearningRate<Batch>(far, batches)).rejects.toThrow(/Begin at a smaller learning rate/);
    expect(JSON.stringify(model.stateDict())).toBe(before);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(findLearningRate<Batch>({ model, optimizer, forward, signal }, batches)).rejects.toThrow(
      'enough',
    );
    expect(JSON.stringify(model.stateDict())).toBe(before);
    expect(optimizer.paramGroups[0]!.lr).toBe(0.1);
  });

  it('refuses an impossible range', async () => {
    const { batches, model, forward } = task();
    const optimizer = new SGD(model.parameters(), { lr: 0.1 });
    const find = (range: object): Promise<unknown> =>
      findLearningRate<Batch>({ model, optimizer, forward, ...range }, batches);
    await expect(find({ from: 1, to: 0.1 })).rejects.toThrow('got 1 and 0.1');
    await expect(find({ steps: 5 })).rejects.toThrow('got 5');
  });
});
