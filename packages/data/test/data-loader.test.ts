import { describe, expect, it } from 'vitest';
import {
  ArrayDataset,
  DataError,
  DataLoader,
  MappedDataset,
  sequentialSampler,
  Subset,
  TensorDataset,
  weightedSampler,
} from '@nadir/data';
import { arange, tensor, type Tensor } from '@nadir/tensor';

const ten = (): TensorDataset<[Tensor]> => new TensorDataset(arange(10));
const values = (batches: Iterable<readonly Tensor[]>): unknown[] =>
  Array.from(batches, ([x]) => x!.toArray());

describe('DataLoader', () => {
  it('gives batches in order, and the rest unless dropLast', () => {
    const whole = new DataLoader(ten(), { batchSize: 4 });
    expect(values(whole)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    expect(whole.length).toBe(3);
    const full = new DataLoader(ten(), { batchSize: 4, dropLast: true });
    expect(values(full)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
    expect(full.length).toBe(2);
  });

  it('shuffles each epoch anew, the same for the same seed', () => {
    const make = (): DataLoader<[Tensor]> => new DataLoader(ten(), { batchSize: 10, shuffle: true, seed: 5 });
    const [a, b] = [make(), make()];
    const first = values(a);
    const second = values(a);
    expect(first).not.toEqual(second);
    expect([values(b), values(b)]).toEqual([first, second]);
    expect((first[0] as number[]).toSorted((x, y) => x - y)).toEqual([...Array(10).keys()]);
  });

  it('goes on within an epoch from a saved state', () => {
    const loader = new DataLoader(ten(), { batchSize: 3, shuffle: true, seed: 1 });
    const epoch0 = values(loader);
    const epoch1 = values(loader);
    const resumed = new DataLoader(ten(), { batchSize: 3, shuffle: true, seed: 1 });
    resumed.loadStateDict({ epoch: 0, batch: 2 });
    expect(values(resumed)).toEqual(epoch0.slice(2));
    expect(values(resumed)).toEqual(epoch1);
  });

  it('is iterated within an iteration', () => {
    const loader = new DataLoader(ten(), { batchSize: 4, shuffle: true });
    const outer: unknown[] = [];
    for (const [x] of loader) {
      outer.push(x.toArray());
      expect(values(loader)).toHaveLength(3);
    }
    expect(outer.flat()).toHaveLength(10);
    expect(new Set(outer.flat()).size).toBe(10);
    expect(loader.stateDict()).toEqual({ epoch: 1, batch: 0 });
  });

  it('knows how many batches it gave out while it is iterated', () => {
    const loader = new DataLoader(ten(), { batchSize: 4 });
    const seen: number[] = [];
    for (const _ of loader) seen.push(loader.stateDict().batch);
    expect(seen).toEqual([1, 2, 3]);
    expect(loader.stateDict()).toEqual({ epoch: 1, batch: 0 });
  });

  it('collates numbers, booleans, strings, tensors, tuples and records', () => {
    const items = [
      { x: tensor([1, 2]), label: 1, name: 'a', pair: [1, true] as const },
      { x: tensor([3, 4]), label: 2, name: 'b', pair: [2, false] as const },
    ];
    const [batch] = [...new DataLoader(new ArrayDataset(items), { batchSize: 2 })];
    expect(batch!.x.toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(batch!.label.toArray()).toEqual([1, 2]);
    expect(batch!.name).toEqual(['a', 'b']);
    expect(batch!.pair.map((column) => (column as unknown as Tensor).toArray())).toEqual([
      [1, 2],
      [true, false],
    ]);
  });

  it('takes a collate function, a sampler and data that is read asynchronously', async () => {
    const slow = new MappedDataset(
      { size: 3, get: (index: number) => Promise.resolve(index) },
      (value: number) => value * 10,
    );
    const loader = new DataLoader(slow, {
      batchSize: 2,
      collate: (items: readonly number[]) => items.join('-'),
    });
    const batches: string[] = [];
    for await (const batch of loader) batches.push(batch);
    expect(batches).toEqual(['0-10', '20']);
    expect(() => [...loader]).toThrow('Use for await … of');
    const few = new DataLoader(ten(), { batchSize: 2, sampler: sequentialSampler(3) });
    expect(values(few)).toEqual([[0, 1], [2]]);
  });

  it('reads subsets of tensors as fast batches', () => {
    const subset = new Subset(ten(), [7, 3, 9]);
    expect(values(new DataLoader(subset, { batchSize: 2 }))).toEqual([[7, 3], [9]]);
    expect((subset.get(1) as [Tensor])[0].item()).toBe(3);
  });

  it.each([
    [() => new DataLoader(ten(), { batchSize: 0 }), 'batchSize must be a whole number of at least 1, got 0'],
    [() => new DataLoader(ten(), { shuffle: true, sampler: sequentialSampler(1) }), 'exclude each other'],
    [() => new DataLoader(ten()).loadStateDict({ epoch: -1, batch: 0 }), 'got -1 and 0'],
    [() => [...new DataLoader(new ArrayDataset<unknown>([1, 'a']), { batchSize: 2 })], 'must be of one kind'],
    [() => [...new DataLoader(new ArrayDataset<unknown>([null]))], 'cannot join items of kind null'],
    [() => new ArrayDataset([1]).get(1), 'index must be in [0, 0], got 1'],
    [() => new TensorDataset(arange(2), arange(3)), 'one and the same first size, got shapes [2], [3]'],
    [() => new Subset(ten(), [10]), 'got 10'],
  ])('explains what is wrong (%#)', (act, message) => {
    expect(act).toThrow(message);
  });
});

describe('weightedSampler', () => {
  it('draws in proportion to the weights', () => {
    const sampler = weightedSampler([1, 0, 3], 4000, { seed: 2 });
    const counts = [0, 0, 0];
    for (const index of sampler.indices(0)) counts[index]!++;
    expect(counts[1]).toBe(0);
    // Three standard deviations of a binomial share of 3/4.
    expect(Math.abs(counts[2]! / 4000 - 0.75)).toBeLessThan(3 * Math.sqrt((0.75 * 0.25) / 4000));
    expect(sampler.indices(0)).toEqual(sampler.indices(0));
    expect(() => weightedSampler([0, 0], 1)).toThrow(
      new DataError('weightedSampler(): at least one weight must be above 0.'),
    );
    expect(() => weightedSampler([1, -1], 1)).toThrow('got -1 at 1');
  });
});
