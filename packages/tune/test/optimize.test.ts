import { createStudy, memoryStorage, TrialPruned } from '@nadir/tune';
import type { StudyStorage, Trial } from '@nadir/tune';
import { describe, expect, it, vi } from 'vitest';

const states = (study: { readonly trials: readonly { readonly state: string }[] }): string =>
  study.trials.map((trial) => trial.state).join(' ');

describe('optimize', () => {
  it('runs synchronous and asynchronous objectives', async () => {
    const study = await createStudy();
    expect(await study.optimize((trial) => trial.number, { trials: 2 })).toEqual({
      reason: 'trials',
      trials: 2,
    });
    await study.optimize(async (trial) => trial.number, { trials: 2 });
    expect(study.trials.map((trial) => trial.value)).toEqual([0, 1, 2, 3]);
    expect(await study.optimize(() => 0, { trials: 0 })).toEqual({ reason: 'trials', trials: 0 });
  });

  it('records failures and goes on', async () => {
    const study = await createStudy();
    await study.optimize(
      (trial) => {
        if (trial.number === 1) throw new RangeError('boom');
        return trial.number === 2 ? NaN : 1;
      },
      { trials: 4 },
    );
    expect(states(study)).toBe('complete failed failed complete');
    expect(study.trials[1]?.error).toMatchObject({ name: 'RangeError', message: 'boom' });
    expect(study.trials[1]?.error?.stack).toContain('optimize.test.ts');
  });

  it.each([
    ['false', false, 'TypeError'],
    ['other classes', [RangeError, SyntaxError], 'TypeError'],
    ['a predicate', (error: unknown) => !(error instanceof TypeError), 'TypeError'],
  ] as const)('ends on an error that is not caught: %s', async (_name, rule, expected) => {
    const study = await createStudy();
    const error = new TypeError('boom');
    const run = study.optimize(
      () => {
        throw error;
      },
      { trials: 3, catch: rule },
    );
    await expect(run).rejects.toBe(error);
    expect(study.trials.map((trial) => trial.error?.name)).toEqual([expected]);
  });

  it('goes on after an error of a caught class, or a pruned trial', async () => {
    const study = await createStudy();
    await study.optimize(
      ({ number }) => {
        if (number === 0) throw new TrialPruned();
        throw new TypeError('boom');
      },
      { trials: 3, catch: [TypeError] },
    );
    expect(states(study)).toBe('pruned failed failed');
    await study.optimize(() => Promise.reject(new TrialPruned()), { trials: 1, catch: false });
    expect(states(study)).toBe('pruned failed failed pruned');
  });

  it('stops at a timeout, by stop(), and by an abort', async () => {
    const study = await createStudy();
    expect(await study.optimize(() => 1, { timeout: 0 })).toEqual({ reason: 'timeout', trials: 0 });
    const slow = () => new Promise<number>((resolve) => setTimeout(resolve, 5, 1));
    expect((await study.optimize(slow, { timeout: '40ms' })).reason).toBe('timeout');
    const stopping = await study.optimize(() => 1, {
      callbacks: [{ onTrialEnd: (trial) => (trial.number >= 20 ? study.stop() : undefined) }],
    });
    expect(stopping.reason).toBe('stopped');
    expect(await study.optimize(() => 1, { signal: AbortSignal.abort() })).toEqual({
      reason: 'aborted',
      trials: 0,
    });
    await expect(study.optimize(() => 1, { timeout: 'soon' })).rejects.toThrow(
      'optimize(): timeout: a duration',
    );
  });

  it('lets an abort through between synchronous trials', async () => {
    const study = await createStudy();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 0);
    expect((await study.optimize(() => 1, { signal: controller.signal })).reason).toBe('aborted');
  });

  it('requeues running trials that an abort interrupts, and keeps those that return', async () => {
    const study = await createStudy({ seed: 1 });
    const controller = new AbortController();
    const seen: number[] = [];
    const objective = async (trial: Trial): Promise<number> => {
      const x = trial.suggestFloat('x', 0, 1);
      if (trial.number === 2) controller.abort();
      if (trial.number === 1 && trial.attempt === 1) {
        seen.push(x);
        trial.report(1, 0);
        await new Promise((_resolve, reject) => {
          trial.signal.addEventListener('abort', () => reject(trial.signal.reason as Error));
        });
      }
      if (trial.number === 1) seen.push(x);
      return x;
    };
    const result = await study.optimize(objective, { signal: controller.signal, concurrency: 2 });
    expect(result.reason).toBe('aborted');
    expect(states(study)).toBe('complete waiting complete');
    expect(study.trials[1]?.intermediateValues).toEqual({});
    await study.optimize(objective, { trials: 1 });
    expect(states(study)).toBe('complete complete complete');
    expect([study.trials[1]?.attempt, seen[0] === seen[1]]).toEqual([2, true]);
  });

  it('runs a trial that throws again, as often as it is told', async () => {
    const study = await createStudy({ seed: 1 });
    const seen: (readonly [number, number, number])[] = [];
    const result = await study.optimize(
      (trial) => {
        const x = trial.suggestFloat('x', 0, 1);
        seen.push([trial.number, trial.attempt, x]);
        if (trial.number === 1 || (trial.number === 2 && trial.attempt === 1)) throw new Error('unlucky');
        if (trial.number === 3) throw new TrialPruned();
        return x;
      },
      { trials: 5, retries: 2 },
    );
    expect(result).toEqual({ reason: 'trials', trials: 5 });
    expect(states(study)).toBe('complete failed complete pruned complete');
    expect(seen.map(([number]) => number)).toEqual([0, 1, 1, 1, 2, 2, 3, 4]);
    expect(new Set(seen.map(([, , x]) => x)).size).toBe(5);
    expect(study.trials[1]?.attempt).toBe(3);
    await expect(study.optimize(() => 1, { retries: -1 })).rejects.toThrow('retries is a whole number >= 0');
  });

  it('ends by an error that is not caught only after the retries', async () => {
    const study = await createStudy();
    const failing = study.optimize(
      () => {
        throw new Error('boom');
      },
      { trials: 3, retries: 1, catch: false },
    );
    await expect(failing).rejects.toThrow('boom');
    expect(study.trials.map((trial) => [trial.state, trial.attempt])).toEqual([['failed', 2]]);
  });

  it('aborts a trial that takes too long, and it alone', async () => {
    const study = await createStudy();
    await study.optimize(
      async ({ number, signal }) => {
        if (number !== 1) return number;
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
      },
      { trials: 3, trialTimeout: '20ms' },
    );
    expect(states(study)).toBe('complete failed complete');
    expect(study.trials[1]?.error).toMatchObject({
      name: 'TimeoutError',
      message: 'Trial 1 ran for longer than 0.02 s.',
    });
  });

  it('runs as many at a time as it is told', async () => {
    const study = await createStudy();
    let running = 0;
    let most = 0;
    await study.optimize(
      async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running -= 1;
        return 1;
      },
      { trials: 10, concurrency: 3 },
    );
    expect([most, study.trials.length]).toEqual([3, 10]);
  });

  it('calls back on start, report and end, in order', async () => {
    const study = await createStudy();
    const events: string[] = [];
    await study.optimize(
      (trial) => {
        trial.report(5, 0);
        return 1;
      },
      {
        trials: 2,
        callbacks: [
          {
            onTrialStart: (trial) => void events.push(`start ${trial.number}`),
            onReport: (trial, { step, value }) => void events.push(`report ${trial.number} ${step} ${value}`),
            onTrialEnd: async (trial) => void events.push(`end ${trial.number} ${trial.state}`),
          },
        ],
      },
    );
    expect(events).toEqual([
      'start 0',
      'report 0 0 5',
      'end 0 complete',
      'start 1',
      'report 1 0 5',
      'end 1 complete',
    ]);
  });

  it('lets a callback enqueue', async () => {
    const study = await createStudy();
    await study.optimize((trial) => trial.suggestFloat('x', 0, 1), {
      trials: 2,
      callbacks: [
        { onTrialEnd: async ({ number }) => void (number === 0 && (await study.enqueue({ x: 0.5 }))) },
      ],
    });
    expect(study.trials[1]?.value).toBe(0.5);
  });

  it.each(['onTrialStart', 'onReport', 'onTrialEnd'] as const)(
    'rejects with the error of %s',
    async (name) => {
      const study = await createStudy();
      const error = new Error('callback');
      const run = study.optimize(
        (trial) => {
          trial.report(1, 0);
          return 1;
        },
        {
          trials: 3,
          callbacks: [
            {
              [name]: () => {
                throw error;
              },
            },
          ],
        },
      );
      await expect(run).rejects.toBe(error);
      expect(states(study)).toBe(name === 'onTrialStart' ? 'waiting' : 'complete');
    },
  );

  it('lets running trials finish when one ends the run', async () => {
    const study = await createStudy();
    const run = study.optimize(
      async ({ number }) => {
        if (number === 0) throw new Error('boom');
        await new Promise((resolve) => setTimeout(resolve, 5));
        return number;
      },
      { trials: 10, concurrency: 3, catch: false },
    );
    await expect(run).rejects.toThrow('boom');
    expect(states(study)).toBe('failed complete complete');
  });

  it('rejects when storage fails, behind a report or at the end', async () => {
    for (const method of ['writeTrial', 'finishTrial'] as const) {
      const storage: StudyStorage = memoryStorage();
      const study = await createStudy({ storage });
      vi.spyOn(storage, method).mockRejectedValue(new Error('disk full'));
      const run = study.optimize(
        (trial) => {
          trial.report(1, 0);
          return 1;
        },
        { trials: 3 },
      );
      await expect(run).rejects.toThrow('disk full');
      expect(states(study)).toBe('running');
    }
  });

  it('refuses bad options and a second run beside the first', async () => {
    const study = await createStudy();
    await expect(study.optimize(() => 1, { trials: -1 })).rejects.toThrow(
      'trials is a whole number >= 0, got -1',
    );
    await expect(study.optimize(() => 1, { concurrency: 0 })).rejects.toThrow(
      'concurrency is a whole number',
    );
    await expect(study.optimize(undefined as never)).rejects.toThrow('an objective function, got undefined');
    const first = study.optimize(async () => 1, { trials: 1 });
    await expect(study.optimize(() => 1, { trials: 1 })).rejects.toThrow('one run of a study at a time');
    await first;
    expect(study.trials.length).toBe(1);
  });
});
