import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createStudy, loadStudy, type Study } from '@nadir/tune';
import { openStorage } from '@nadir/tune/node';
import { describe, expect, it } from 'vitest';
import { studyLines, studyListLines } from '../src/terminal/study-table.ts';
import { widthOf } from '../src/terminal/table.ts';
import { command, entries, temporaryFolder, type CommandResult } from './command.ts';

async function sample(location: string): Promise<Study> {
  const storage = openStorage(location);
  const study = await createStudy({ storage, name: 'parabola', direction: 'maximize', seed: 1 });
  await study.optimize(
    (trial) => {
      const x = trial.suggestFloat('x', -1, 1);
      trial.suggestCategorical('optimizer', ['sgd', 'adam']);
      for (let step = 0; step < 4; step++) trial.report(step - x ** 2, step);
      if (trial.number === 2) throw new RangeError('unlucky');
      return 1 - x ** 2;
    },
    { trials: 6 },
  );
  await study.enqueue({ x: 0 });
  await createStudy({ storage, name: 'empty' });
  await storage.close();
  return study;
}

/** What went wrong, without the stack that NADIR_DEBUG adds. */
const complaint = ({ stderr }: CommandResult): string => stderr.split('\n')[0]!;

describe('nadir study', () => {
  it('carries studies from storage to storage, and deletes them', async () => {
    const cwd = temporaryFolder();
    const nadir = (...words: readonly string[]): Promise<CommandResult> =>
      command(entries.source, ['study', ...words], { cwd });
    const study = await sample(join(cwd, 'a.jsonl'));

    const list = await nadir('list', '--storage', 'a.jsonl', '--json');
    expect([list.code, list.stderr]).toEqual([0, '']);
    const { number, values, params } = study.bestTrial;
    expect(list.events()).toMatchObject([
      {
        event: 'study',
        name: 'parabola',
        directions: ['maximize'],
        seed: 1,
        trials: { complete: 5, pruned: 0, failed: 1, running: 0, waiting: 1 },
        best: [{ number, values, params }],
      },
      { name: 'empty', best: [] },
    ]);

    const exported = await nadir('export', 'parabola', '--storage', 'a.jsonl');
    expect(exported.code).toBe(0);
    await writeFile(join(cwd, 'exported.jsonl'), exported.stdout);
    const imported = await nadir('import', 'exported.jsonl', '--as', 'copy');
    expect([imported.code, imported.stdout, imported.stderr]).toEqual([0, '✓ copy, 7 trials\n', '']);
    const storage = openStorage(join(cwd, 'nadir-studies'), { readOnly: true });
    expect((await loadStudy({ storage, name: 'copy' })).trials).toEqual(study.trials);
    await storage.close();

    const show = await nadir('show', 'copy', '--trials', '2');
    expect([show.code, show.stderr]).toEqual([0, '']);
    expect(show.stdout).toContain('copy  maximize · seed 1\n7 trials: 5 complete, 1 failed, 1 waiting\n');
    expect(show.stdout).toMatch(new RegExp(`★ +${number} +[\\d.]+ +▁▃▆█ +`));
    expect(show.stdout).toContain('… and 5 trials more: --trials 7');
    expect(show.stdout).toContain('Trial 2 failed: RangeError: unlucky');

    const asked = await nadir('rm', 'copy');
    expect([asked.code, complaint(asked)]).toEqual([
      2,
      '✗ Nobody is there to be asked: say --yes to delete.',
    ]);
    const wrong = await nadir('rm', 'copy', 'nowhere', '--yes');
    expect([wrong.code, complaint(wrong)]).toEqual([
      1,
      '✗ loadStudy(): a study that exists, got "nowhere". Known: "copy".',
    ]);
    const removed = await nadir('rm', 'copy', '--yes');
    expect([removed.code, removed.stdout]).toEqual([0, '✓ copy is deleted.\n']);
    expect((await nadir('list')).stdout).toBe('No studies.\n');
  });

  it('imports the trials of an Optuna data frame', async () => {
    const cwd = temporaryFolder();
    const nadir = (...words: readonly string[]): Promise<CommandResult> =>
      command(entries.source, ['study', ...words], { cwd });
    await writeFile(join(cwd, 'trials.csv'), 'number,values_0,values_1,params_x,state\n0,1,2,0.5,COMPLETE\n');
    const unnamed = await nadir('import', 'trials.csv', '--storage', 'b.jsonl');
    expect([unnamed.code, unnamed.stderr]).toEqual([2, expect.stringContaining('with --as <name>')]);
    const single = await nadir('import', 'trials.csv', '--storage', 'b.jsonl', '--as', 'two');
    expect([single.code, single.stderr]).toEqual([2, expect.stringContaining('These trials have 2 values')]);
    const goals = ['--direction', 'minimize,maximize'];
    const two = await nadir(
      'import',
      'trials.csv',
      '--storage',
      'b.jsonl',
      '--as',
      'two',
      ...goals,
      '--json',
    );
    expect([two.code, two.events()]).toEqual([0, [{ event: 'import', name: 'two', trials: 1 }]]);
    expect(await readFile(join(cwd, 'b.jsonl'), 'utf8')).toContain('"directions":["minimize","maximize"]');
  });

  it('makes nothing where it looks in vain', async () => {
    const missing = await command(entries.source, ['study', 'list', '--json']);
    expect(missing.code).toBe(1);
    expect(missing.events()).toMatchObject([{ event: 'error', exitCode: 1 }]);
    expect(complaint(missing)).toMatch(
      /^✗ pgliteStorage\(\): a folder with studies in it, got .*nadir-studies, which has none\.$/,
    );
  });
});

describe('the tables of studies', () => {
  it.each([40, 80, 120])('fit into %i columns', async (width) => {
    const location = join(temporaryFolder(), 'c.jsonl');
    const study = await sample(location);
    const storage = openStorage(location, { readOnly: true });
    const empty = await loadStudy({ storage, name: 'empty' });
    const lines = [...studyLines(study, 10, width), ...studyLines(empty, 10, width)];
    for (const line of lines) expect([line, widthOf(line) <= Math.max(width, 60)]).toEqual([line, true]);
    expect(lines.at(-1)).toContain('no trials yet');
    const [titles, first, second] = studyListLines([study, empty], 80);
    expect([titles, first, second].map((line) => widthOf(line!) <= 80)).toEqual([true, true, true]);
    expect(first).toContain('parabola');
    expect(studyListLines([], width)).toEqual(['No studies.']);
    await storage.close();
  });
});
