import {
  categorical,
  createStudy,
  float,
  gridSampler,
  int,
  memoryStorage,
  qmcSampler,
  randomSampler,
  tpeSampler,
} from '@nadir/tune';
import type { Params, Sampler } from '@nadir/tune';
import { describe, expect, it } from 'vitest';
import { contains } from '../../src/distribution.ts';

const space = {
  lr: float(1e-4, 1, { log: true }),
  width: int(8, 64, { step: 8 }),
  depth: int(1, 16, { log: true }),
  momentum: float(0, 0.9, { step: 0.1 }),
  optimizer: categorical(['sgd', 'adam', 'lion']),
};

interface Row {
  readonly name: string;
  readonly make: (seed?: number) => Sampler;
}

// One row a sampler. The tests below hold for every one of them.
const rows: readonly Row[] = [
  { name: 'random', make: (seed) => randomSampler({ seed }) },
  { name: 'qmc', make: (seed) => qmcSampler({ seed }) },
  { name: 'tpe', make: (seed) => tpeSampler({ seed }) },
  { name: 'grid', make: (seed) => gridSampler(space, { points: 3, seed }) },
];

const loss = (params: Params): number =>
  Math.log10(params['lr'] as number) ** 2 + (params['depth'] as number);

async function propose(sampler: Sampler, trials: number, seed = 7): Promise<readonly Params[]> {
  const study = await createStudy({ sampler, seed, space });
  await study.optimize(({ params }) => loss(params), { trials });
  return study.trials.map((trial) => trial.params);
}

describe.each(rows)('the sampler $name', ({ name, make }) => {
  it('is recorded under its name', async () => {
    const study = await createStudy({ sampler: make(), space, seed: 0 });
    expect(make().name).toBe(name);
    expect((await study.ask()).freeze().sampler).toBe(name);
  });

  it('proposes values that the distributions contain', async () => {
    for (const params of await propose(make(), 50)) {
      expect(Object.keys(params)).toEqual(Object.keys(space));
      for (const [key, distribution] of Object.entries(space)) {
        expect(contains(distribution, params[key as keyof typeof space] as never)).toBe(true);
      }
    }
  });

  it('proposes the same again from the same seed', async () => {
    expect(await propose(make(), 30)).toEqual(await propose(make(), 30));
  });

  it('proposes something else from another seed, of the study or its own', async () => {
    const base = await propose(make(), 30);
    expect(await propose(make(), 30, 8)).not.toEqual(base);
    expect(await propose(make(8), 30)).toEqual(await propose(make(), 30, 8));
  });

  it('does not depend on the order of suggestions', async () => {
    const suggested = async (order: typeof space): Promise<readonly Params[]> => {
      const study = await createStudy({ sampler: make(), seed: 7 });
      await study.optimize((trial) => loss(trial.suggest(order)), { trials: 20 });
      return study.trials.map((trial) => trial.params);
    };
    const reversed = Object.fromEntries(Object.entries(space).reverse()) as typeof space;
    expect(await suggested(reversed)).toEqual(await suggested(space));
  });

  it('goes on after a resume as if nothing had happened', async () => {
    const whole = await propose(make(), 24);
    for (const first of [0, 1, 11, 23]) {
      const storage = memoryStorage();
      const options = { storage, space, seed: 7, resume: true } as const;
      await (
        await createStudy({ ...options, sampler: make() })
      ).optimize(({ params }) => loss(params), { trials: first });
      const resumed = await createStudy({ ...options, sampler: make() });
      await resumed.optimize(({ params }) => loss(params), { trials: 24 - first });
      expect(resumed.trials.map((trial) => trial.params)).toEqual(whole);
    }
  });

  it('leaves enqueued trials to the user', async () => {
    const study = await createStudy({ sampler: make(), space, seed: 7 });
    const fixed = { lr: 0.5, width: 16, depth: 3, momentum: 0.3, optimizer: 'lion' } as const;
    await study.enqueue(fixed);
    const trial = await study.ask();
    expect(trial.params).toEqual(fixed);
  });
});
