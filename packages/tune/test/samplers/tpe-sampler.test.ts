import { createStudy, float, int, tpeSampler } from '@nadir/tune';
import type { Params, Suggester } from '@nadir/tune';
import { describe, expect, it } from 'vitest';

const square = { x: float(-10, 10), y: float(-10, 10) };

describe('tpeSampler', () => {
  it('finds a minimum that random search does not', async () => {
    const values: number[] = [];
    for (let seed = 0; seed < 9; seed++) {
      const study = await createStudy({ space: square, sampler: tpeSampler(), seed });
      await study.optimize(({ params: { x, y } }) => (x - 3) ** 2 + (y + 4) ** 2, { trials: 100 });
      values.push(study.bestValue);
    }
    // Of 100 random points the nearest is expected at 400/(100π) ≈ 1.27, squared.
    expect(values.toSorted((a, b) => a - b)[4]).toBeLessThan(0.2);
  });

  it('goes along the branches of a conditional space', async () => {
    const space = (suggest: Suggester) => {
      const kind = suggest.suggestCategorical('kind', ['a', 'b']);
      const x = suggest.suggestFloat('x', 0, 1);
      return kind === 'a' ? { kind, x, y: suggest.suggestFloat('y', 0, 1) } : { kind, x };
    };
    for (const declared of [true, false]) {
      const study = await createStudy({ sampler: tpeSampler(), seed: 4, ...(declared ? { space } : {}) });
      await study.optimize(
        (trial) => {
          const { x, y } = trial.suggest(space);
          return (x - 0.3) ** 2 + (y === undefined ? 0.1 : (y - 0.8) ** 2);
        },
        { trials: 80 },
      );
      expect(study.bestValue).toBeLessThan(0.002);
      // Past the start, joint proposals hold all that is suggested.
      for (const trial of study.trials.slice(40)) {
        expect(Object.keys(trial.proposal).toSorted()).toEqual(Object.keys(trial.params).toSorted());
      }
    }
  });

  it('keeps to constraints', async () => {
    const run = async (constrained: boolean) => {
      const study = await createStudy({ space: square, sampler: tpeSampler(), seed: 1 });
      await study.optimize(
        (trial) => {
          const { x, y } = trial.params;
          if (constrained) trial.setConstraint('right half', -x);
          return (x + 5) ** 2 + y ** 2;
        },
        { trials: 120 },
      );
      return study;
    };
    const rightOf = ({
      trials,
    }: {
      readonly trials: readonly { readonly params: { x: number } }[];
    }): number => trials.slice(40).filter(({ params }) => params.x >= 0).length;
    const study = await run(true);
    // The best feasible point is (0, 0), at the edge.
    expect(study.bestValue).toBeLessThan(27);
    expect([rightOf(study) > 30, rightOf(await run(false)) < 10]).toEqual([true, true]);
  });

  it('approaches a Pareto front', async () => {
    const study = await createStudy({
      space: square,
      sampler: tpeSampler(),
      seed: 1,
      directions: ['minimize', 'maximize'],
    });
    // The front is the segment from (-2, 0) to (2, 0).
    await study.optimize(({ params: { x, y } }) => [(x - 2) ** 2 + y ** 2, -((x + 2) ** 2) - y ** 2], {
      trials: 150,
    });
    const front = study.bestTrials;
    expect(front.length).toBeGreaterThan(10);
    const misses = front.map(({ params: { y } }) => Math.abs(y)).toSorted((a, b) => a - b);
    expect(misses[Math.floor(misses.length / 2)]).toBeLessThan(0.5);
  });

  it('spreads parallel trials out', async () => {
    const nearest = async (tell: boolean): Promise<number> => {
      const study = await createStudy({ space: square, sampler: tpeSampler(), seed: 2 });
      await study.optimize(({ params: { x, y } }) => x ** 2 + y ** 2, { trials: 40 });
      const points: Params[] = [];
      for (let count = 0; count < 8; count++) {
        const trial = await study.ask();
        points.push(trial.params);
        if (tell) await study.tell(trial, { state: 'failed' });
      }
      return new Set(points.map(({ x, y }) => `${x} ${y}`)).size;
    };
    expect([await nearest(false), await nearest(true)]).toEqual([8, 8]);
  });

  it('repeats no point of a small space while others are left', async () => {
    const space = { a: int(0, 7), b: int(0, 7) };
    const study = await createStudy({ space, sampler: tpeSampler(), seed: 1 });
    await study.optimize(({ params: { a, b } }) => (a - 3) ** 2 + (b - 5) ** 2, { trials: 40 });
    const points = study.trials.slice(10).map(({ params: { a, b } }) => a * 8 + b);
    expect(new Set(points).size).toBe(points.length);
  });

  it('checks its options', () => {
    expect(() => tpeSampler({ candidates: 0 })).toThrow('candidates is a whole number >= 1, got 0');
    expect(() => tpeSampler({ startupTrials: -1 })).toThrow('startupTrials is a whole number >= 0, got -1');
  });
});
