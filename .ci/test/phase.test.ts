import { expect, it } from 'vitest';
import { runPhases, type Phase } from '../check/phase.ts';

function phase(name: string, ok: boolean, log: string[], rest: Partial<Phase> = {}): Phase {
  return {
    name,
    checks: '',
    async run() {
      log.push(`${name} starts`);
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name} ends`);
      return { ok, output: '' };
    },
    ...rest,
  };
}

it('runs side by side what fits on the cores', async () => {
  const log: string[] = [];
  await runPhases(
    [phase('a', true, log), phase('b', true, log), phase('c', true, log, { cores: 2 })],
    2,
    () => {},
  );
  expect(log.slice(0, 2)).toEqual(['a starts', 'b starts']);
  expect(log.slice(-2)).toEqual(['c starts', 'c ends']);
});

it('leaves out what comes after a failure, and runs the rest', async () => {
  const log: string[] = [];
  const phases = [
    phase('build', false, log),
    phase('pack', true, log, { after: ['build'] }),
    phase('smoke', true, log, { after: ['pack'] }),
    phase('lint', true, log),
  ];
  const finished = await runPhases(phases, 2, () => {});
  expect(finished.map(({ result }) => result.ok)).toEqual([false, false, false, true]);
  expect(finished[2]!.result.note).toBe('not run: pack failed');
  expect(log).not.toContain('pack starts');
});

it('turns an exception into a failure', async () => {
  const broken: Phase = { name: 'x', checks: '', run: () => Promise.reject(new Error('no such tool')) };
  const [finished] = await runPhases([broken], 2, () => {});
  expect(finished!.result).toMatchObject({ ok: false });
  expect(finished!.result.output).toContain('no such tool');
});

it('runs a phase alone although it comes after another', async () => {
  const log: string[] = [];
  const [finished] = await runPhases([phase('pack', true, log, { after: ['build'] })], 2, () => {});
  expect(finished!.result.ok).toBe(true);
});
