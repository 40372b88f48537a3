import { DataLoader, TensorDataset } from '@nadir/data';
import { crossEntropy, Dropout, Linear, mseLoss, ReLU, Sequential } from '@nadir/nn';
import { Adam, SGD } from '@nadir/optimizers';
import { defaultGenerator, manualSeed, ones, randn, type Tensor } from '@nadir/tensor';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { findBatchSize, recommendBatchSize, type BatchEvidence } from '../../src/index.ts';

type Batch = readonly [Tensor, Tensor];

afterEach(() => vi.restoreAllMocks());

function classifier() {
  manualSeed(3);
  const x = randn([2048, 8]);
  const data = new TensorDataset(x, x.square().sum(1).lt(7).cast('int32'));
  const model = new Sequential(new Linear(8, 32), new ReLU(), new Dropout(0.1), new Linear(32, 2));
  return {
    model,
    forward: ([a, b]: Batch) => crossEntropy(model(a), b),
    batches: (batchSize: number) => new DataLoader(data, { batchSize, shuffle: true, seed: 4 }),
  };
}

describe('findBatchSize', () => {
  for (const executor of ['eager', 'wasm'] as const) {
    it(`${executor}: measures, recommends, and leaves everything as it was, bit for bit`, async () => {
      const { model, forward, batches } = classifier();
      const optimizer = new Adam(model.parameters(), { lr: 1e-2 });
      const snapshot = (): unknown => ({
        model: Object.entries(model.stateDict()).map(([name, value]) => [name, value.toArray()]),
        optimizer: JSON.stringify(optimizer.stateDict()),
        random: defaultGenerator().getState().toArray(),
        lr: optimizer.paramGroups[0]!.lr,
        training: model.training,
      });
      const before = snapshot();
      const phases = new Set<string>();
      const found = await findBatchSize<Batch>({
        model,
        optimizer,
        forward,
        batches,
        executor,
        baseSize: 32,
        sizes: [16, 32, 64, 128],
        warmupSteps: 20,
        noiseSteps: 20,
        checkItems: 1024,
        onProgress: (phase) => void phases.add(phase),
      });
      expect(snapshot()).toEqual(before);
      expect([...phases]).toEqual(['cost', 'noise', 'check']);
      expect(found.costs.map(({ batchSize }) => batchSize)).toEqual([16, 32, 64, 128]);
      expect(found.scaling).toBe('sqrt');
      expect(found.lr).toBeCloseTo(1e-2 * Math.sqrt(found.batchSize / 32), 12);
      expect(found.branches[0]).toMatchObject({ batchSize: 32, lr: 1e-2, steps: 32, isGood: true });
      expect(found.noise.low).toBeLessThanOrEqual(found.noise.value);
      expect(found.reasons[0]).toContain(`Batch size ${found.batchSize}`);
    });
  }

  it('measures the noise scale of the data', async () => {
    manualSeed(11);
    const x = randn([4096, 3]);
    const y = x.matmul(randn([3, 1])).add(randn([4096, 1]).mul(2));
    const data = new TensorDataset(x, y);
    const model = new Linear(3, 1);
    // The gradient of an item is 2·(w·x + b − y)·(x, 1): its mean and covariance over the data are known.
    const error = model(x).sub(y).detach();
    const gradients = [0, 1, 2, null]
      .map((i) => (i === null ? ones([4096]) : x.at('...', i)))
      .map((column) => error.squeeze(1).mul(column).mul(2));
    const signal = gradients.reduce((sum, g) => sum + g.mean().item() ** 2, 0);
    const variance = gradients.reduce((sum, g) => sum + g.sub(g.mean()).square().mean().item(), 0);
    const { noise } = await findBatchSize<Batch>({
      model,
      optimizer: new SGD(model.parameters(), { lr: 1e-12 }),
      forward: ([a, b]) => mseLoss(model(a), b),
      batches: (batchSize) =>
        new DataLoader(data, {
          batchSize,
          shuffle: true,
          seed: 1,
        }),
      baseSize: 64,
      sizes: [64],
      warmupSteps: 0,
      noiseSteps: 64,
      checkItems: 0,
    });
    expect(noise.low).toBeLessThan(variance / signal);
    expect(noise.high).toBeGreaterThan(variance / signal);
    expect(noise.variance / variance).toBeGreaterThan(0.9);
    expect(noise.variance / variance).toBeLessThan(1.1);
  });

  it('stops at a size that does not fit, and says why', async () => {
    const { model, forward, batches } = classifier();
    const optimizer = new SGD(model.parameters(), { lr: 0.1 });
    const options = {
      model,
      optimizer,
      batches,
      warmupSteps: 0,
      noiseSteps: 3,
      checkItems: 0,
    };
    const tight = ([a, b]: Batch): Tensor => {
      if (a.shape[0]! > 64) throw new RangeError('Array buffer allocation failed');
      return forward([a, b]);
    };
    const found = await findBatchSize<Batch>({
      ...options,
      forward: tight,
      executor: 'eager',
      sizes: [32, 64, 128],
    });
    expect(found.costs.map(({ batchSize }) => batchSize)).toEqual([32, 64]);
    expect(found.misfit).toEqual({ batchSize: 128, reason: 'Array buffer allocation failed' });
    expect(found.reasons[1]).toContain('128 does not, Array buffer allocation failed');
    vi.spyOn(process.memoryUsage, 'rss').mockReturnValue(3 * 2 ** 30);
    const full = findBatchSize<Batch>({ ...options, forward, sizes: [32, 64], memoryLimit: 2 ** 30 });
    await expect(full).rejects.toThrow(
      'no batch size fits: 32 does not, it holds 3,072 MiB, more than 1,024 MiB',
    );
  });

  it('does not hide an error of the model', async () => {
    const { model, batches } = classifier();
    const optimizer = new SGD(model.parameters(), { lr: 0.1 });
    const forward = (): Tensor => {
      throw new Error('broken');
    };
    await expect(
      findBatchSize<Batch>({ model, optimizer, batches, forward, executor: 'eager' }),
    ).rejects.toThrow('broken');
    await expect(findBatchSize<Batch>({ model, optimizer, batches, forward, sizes: [8, 4] })).rejects.toThrow(
      '[8, 4]',
    );
  });
});

describe('recommendBatchSize', () => {
  const costs = [16, 32, 64, 128, 256, 512].map((batchSize) => ({
    batchSize,
    // A fixed cost of a step, and one of an item: 4,800, 8,700, … towards 50,000 items/s.
    stepMs: 3 + batchSize * 0.02,
    itemsPerSecond: (1000 * batchSize) / (3 + batchSize * 0.02),
    memoryBytes: 2 ** 28 + batchSize * 2 ** 20,
  }));
  const evidence: BatchEvidence = {
    baseSize: 64,
    baseLr: 0.1,
    scaling: 'linear',
    costs,
    misfit: null,
    branches: [],
    tolerance: 0.02,
    noise: {
      value: 200,
      low: 150,
      high: 300,
      variance: 200,
      signal: 1,
      steps: 100,
    },
  };

  it('takes the size that reaches a loss first', () => {
    // (1 + n/B)·(3 + 0.02·n)/n is least at n = √(3·B/0.02): 173 for B = 200.
    const { batchSize, lr, range, knee } = recommendBatchSize(evidence);
    expect(batchSize).toBe(128);
    expect(lr).toBeCloseTo(0.2, 12);
    expect(range).toEqual([128, 256]);
    expect(knee).toBe(512);
  });

  it('decides by the lower bound where there is no upper one, and says at least', () => {
    const noise = { ...evidence.noise, value: 5000, low: 40, high: Infinity };
    const { batchSize, reasons } = recommendBatchSize({ ...evidence, noise });
    expect(batchSize).toBe(64);
    expect(reasons.join(' ')).toContain('at least 40 items');
  });

  it('does not go beyond what the direct check has passed', () => {
    const branches = [
      { batchSize: 64, lr: 0.1, steps: 100, loss: 1, isGood: true },
      { batchSize: 128, lr: 0.2, steps: 50, loss: 1.2, isGood: false },
    ];
    const { batchSize, reasons } = recommendBatchSize({ ...evidence, branches });
    expect(batchSize).toBe(64);
    expect(reasons.at(-1)).toContain('128 does not (1.20 against 1.00)');
  });
});
