import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { renderPlots } from '../../src/report/render-plots.ts';
import { renderReport } from '../../src/report/render-report.ts';
import type { StudyRecord, TrialRecord } from '../../src/report/study-record.ts';
import { sampleRecord } from './sample-record.ts';

const hostile = `<script>alert("x")</script>&'\u0000\uD800]]> --> \u202E`;

/** The page without its script and style, which name things that records must not hold. */
function bodyOf(page: string): string {
  return page
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/<script>[\s\S]*?<\/script>\s*<\/body>/, '</body>');
}

function textOf(page: string): string {
  return bodyOf(page)
    .replace(/<svg[\s\S]*?<\/svg>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}

function commandOf(page: string): string | undefined {
  return /<pre><code>([\s\S]*?)<\/code>/.exec(page)?.[1]?.replace(/<[^>]*>/g, '');
}

/** Throws where a document is not well-formed XML. */
function expectWellFormed(xml: string): void {
  const parser = new SaxesParser({ xmlns: true });
  const errors: string[] = [];
  parser.on('error', (error) => errors.push(error.message));
  parser.write(xml).close();
  expect(errors).toEqual([]);
}

function expectWhole(record: StudyRecord): string {
  const page = renderReport(record);
  expect(bodyOf(page)).not.toMatch(/NaN|undefined|Infinity|\[object|>null</);
  for (const [svg] of page.matchAll(/<svg[\s\S]*?<\/svg>/g)) expectWellFormed(svg);
  for (const { svg } of renderPlots(record)) {
    expect(svg).not.toMatch(/NaN|undefined|Infinity|\[object/);
    expectWellFormed(svg);
  }
  expect(page.trimEnd().endsWith('</html>')).toBe(true);
  return page;
}

const withTrials = (change: (trial: TrialRecord, index: number) => TrialRecord): StudyRecord => {
  const record = sampleRecord();
  return { ...record, trials: record.trials.map(change) };
};

describe('renderReport', () => {
  const page = expectWhole(sampleRecord());

  it('puts the recommendation first, then its evidence', () => {
    const ids = [...page.matchAll(/<section id="(\w+)"/g)].map(([, id]) => id);
    expect(ids).toEqual(['recommendation', 'choices', 'plots', 'trials', 'origin']);
    expect(textOf(page)).toContain('Train with adamw , a learning rate of 1.29e-3');
  });

  it('gives the test metric as measured, with its items', () => {
    expect(textOf(page)).toContain(
      '97.64% 9,764 of 10,000 items right, read once, after every choice was made',
    );
  });

  it('says how sure the choice is, from the runs', () => {
    expect(textOf(page)).toContain(
      'Their ranges do not overlap: every run of trial 8 beats every run of trial 13. Were both equally good, so clean a split would still come up by chance in 1 of 10 comparisons.',
    );
  });

  it('says it when ranges overlap', () => {
    const record = sampleRecord();
    const [first, second] = record.finalists;
    const runs = (metrics: readonly number[]) =>
      metrics.map((metric, index) => ({ seed: index, metric, seconds: 10 }));
    const finalists = [
      { ...first!, runs: runs([0.97, 0.98, 0.975]) },
      { ...second!, runs: runs([0.972, 0.965, 0.96]) },
    ];
    expect(textOf(renderReport({ ...record, finalists }))).toContain(
      'Their ranges overlap: in 8 of 9 pairs of runs trial 8 is ahead, so the order of trial 8 and trial 13 is not certain.',
    );
  });

  it('gives a command that a shell takes as it is', () => {
    expect(commandOf(page)).toMatch(
      /^nadir train mnist --optimizer adamw --lr 0\.00129\d+ --schedule exponential --batch-size 32 --weight-decay 0\.001 --warmup 0\.1 --epochs 8 --seed 7$/,
    );
    const record = sampleRecord();
    const winner = { ...record.winner!, choices: { 'a b': "it's; rm -rf" } };
    expect(commandOf(renderReport({ ...record, winner }))).toContain(
      'nadir train mnist --set &#39;a b=it&#39;\\&#39;&#39;s; rm -rf&#39; --epochs 8',
    );
    const known = { ...record.winner!, command: 'nadir train mnist --lr 0.1' };
    expect(commandOf(renderReport({ ...record, winner: known }))).toBe('nadir train mnist --lr 0.1');
  });

  it('chooses a level that three quarters of the completed trials reach, or takes the given one', () => {
    expect(textOf(page)).toContain('saw accuracy 95%, which 10 of 12 completed trials reached');
    const record = sampleRecord();
    const given = { ...record, metric: { ...record.metric, target: 0.97 } };
    expect(textOf(renderReport(given))).toContain('saw accuracy 97%, which 7 of 12 completed trials reached');
  });

  it('names what each choice cost in accuracy, stability and speed', () => {
    for (const label of ['Optimizer', 'Learning rate', 'Schedule', 'Batch size', 'Weight decay', 'Warm-up']) {
      expect(page).toMatch(new RegExp(`<h3>${label}</h3>`));
    }
    expect(textOf(page)).toContain('Unstable: 1 diverged of 5 with nesterov.');
    expect(textOf(page)).toContain('The fastest to 95% is nesterov (2.87 s).');
  });

  it('puts the choice first that decides most', () => {
    const record = withTrials((trial, index) => ({
      ...trial,
      outcome: 'completed',
      choices: { noise: (index * 7) % 4, decisive: index % 3 === 0, warmup: (index * 5) % 2 },
      metric: (index % 3 === 0 ? 0.9 : 0.8) + ((index * 13) % 20) / 400,
    }));
    const headings = [...renderReport(record).matchAll(/<article class="choice">\s*<h3>(.*?)<\/h3>/g)];
    expect(headings[0]?.[1]).toBe('Decisive');
  });

  it('lists all trials with what a reader can sort by', () => {
    expect(page.match(/<tr role="row" class="(completed|pruned|failed|diverged)"/g)).toHaveLength(20);
  });

  it('loads nothing and runs no script but its own', () => {
    const addresses = [...page.matchAll(/https?:[^\s"'<>)]*/g)].map(([address]) => address);
    expect(new Set(addresses)).toEqual(new Set(['http://www.w3.org/2000/svg']));
    expect(page).not.toMatch(/\b(src|href|srcset)=|@import|url\(/);
    expect(page).toContain(`default-src &#39;none&#39;`);
    expect(page.match(/<script/g)).toHaveLength(1);
  });

  it('is small, and the same for the same record', () => {
    expect(page.length).toBeLessThan(500_000);
    expect(renderReport(sampleRecord())).toBe(page);
  });

  it('has a heading, a caption or a name for everything', () => {
    expect(page.match(/<h1/g)).toHaveLength(1);
    expect(page).toContain('<html lang="en">');
    for (const [svg] of page.matchAll(/<svg class[^>]*>/g))
      expect(svg).toMatch(/role="img"\s+aria-label="[^"]{20,}"/);
    for (const [table] of page.matchAll(/<table[\s\S]*?<\/table>/g)) expect(table).toContain('<caption');
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('escapes names and values of every kind', () => {
    const record = sampleRecord();
    const choices = (trial: number) => ({
      [hostile]: trial % 2 === 0 ? hostile : 'plain',
      'lr"><img src=x>': 0.1 * (trial + 1),
    });
    const page = expectWhole({
      ...record,
      experiment: hostile,
      metric: { name: hostile, direction: 'maximize' },
      command: hostile,
      createdAt: hostile,
      machine: { [hostile]: hostile },
      trials: record.trials.map((trial) => ({ ...trial, choices: choices(trial.number), reason: hostile })),
      finalists: record.finalists.map((finalist) => ({ ...finalist, choices: choices(finalist.trial) })),
      winner: { ...record.winner!, choices: choices(0) },
    });
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toMatch(/<img|[\uD800-\uDFFF]/);
    for (const character of ['\u0000', '\u202E']) expect(page).not.toContain(character);
    expect(page).toContain('&lt;script&gt;alert(');
  });
});

describe('renderReport of a record with little in it', () => {
  const record = sampleRecord();
  const bare: StudyRecord = { ...record, trials: [], finalists: [], winner: null };

  it('renders no trials', () => {
    expect(textOf(expectWhole(bare))).toContain('No recommendation yet No trial has ended yet.');
    expect(renderPlots(bare)).toEqual([]);
  });

  it('renders one trial, of any outcome', () => {
    for (const outcome of ['completed', 'pruned', 'failed', 'diverged'] as const) {
      expectWhole({ ...bare, trials: [{ ...record.trials[0]!, outcome }] });
      expectWhole({
        ...bare,
        trials: [{ ...record.trials[0]!, outcome, metric: null, losses: [], validation: [] }],
      });
    }
  });

  it('renders failures alone', () => {
    const trials = record.trials.map((trial) => ({
      ...trial,
      outcome: 'failed' as const,
      metric: null,
      losses: [],
      validation: [],
      reason: 'out of memory',
    }));
    expect(textOf(expectWhole({ ...bare, trials }))).toContain(
      'No recommendation yet None of 20 trials gave a value.',
    );
  });

  it('recommends the best trial so far before there is a winner, and says so', () => {
    expect(textOf(expectWhole({ ...record, winner: null }))).toContain(
      'Trial 8 is the best of the finalists. It has not been trained in full, and the test data has not been read.',
    );
    const early = textOf(expectWhole({ ...record, winner: null, finalists: [] }));
    expect(early).toContain('This is the best trial so far.');
    expect(early).toContain('--warmup 0.1 --seed 7');
    expect(early).toContain('No combination was trained again');
  });

  it('renders finalists without runs, with one run, and with diverged runs', () => {
    const finalists = (change: (metric: number, index: number) => number, count: number) =>
      record.finalists.map((finalist) => ({
        ...finalist,
        runs: finalist.runs
          .slice(0, count)
          .map((run, index) => ({ ...run, metric: change(run.metric, index) })),
      }));
    expectWhole({ ...record, finalists: finalists((metric) => metric, 0) });
    expectWhole({ ...record, finalists: finalists((metric) => metric, 1) });
    expectWhole({ ...record, finalists: finalists(() => NaN, 3) });
    expectWhole({ ...record, finalists: finalists((metric) => metric, 3).slice(0, 1) });
    const lost = expectWhole({
      ...record,
      finalists: finalists((metric, index) => (index === 0 ? 0 : metric), 3),
    });
    expect(textOf(lost)).toContain('over 3 fresh seeds and 1 diverged');
  });

  it('renders other parameters than those of the built-in experiment', () => {
    const page = expectWhole({
      ...withTrials((trial) => ({
        ...trial,
        choices: {
          layers: 1 + (trial.number % 3),
          labelSmoothing: trial.number / 20,
          useBias: trial.number % 2 === 0,
        },
      })),
      finalists: [],
      winner: null,
    });
    expect(textOf(page)).toContain('Label smoothing');
    expect(page).not.toContain('Batch size against');
    expectWhole({ ...withTrials((trial) => ({ ...trial, choices: {} })), finalists: [], winner: null });
  });

  it('renders parameters that only some trials have', () => {
    expectWhole(
      withTrials((trial) => ({
        ...trial,
        choices:
          trial.number % 2 === 0
            ? { ...trial.choices, momentum: 0.9 - trial.number / 100 }
            : { optimizer: 'adam' },
      })),
    );
  });

  it('renders a metric that never changes', () => {
    for (const value of [0, 0.5, 1]) {
      const same = withTrials((trial) => ({
        ...trial,
        metric: value,
        validation: trial.validation.map((point) => ({ ...point, metric: value })),
      }));
      const finalists = record.finalists.map((finalist) => ({
        ...finalist,
        runs: finalist.runs.map((run) => ({ ...run, metric: value })),
      }));
      expectWhole({ ...same, finalists });
    }
  });

  it('renders a loss to minimize, over many powers of ten or below zero', () => {
    for (const transform of [
      (metric: number) => 1 - metric,
      (metric: number) => 10 ** (8 - 12 * metric),
      (metric: number) => -metric,
    ]) {
      const points = withTrials((trial) => ({
        ...trial,
        metric: trial.metric === null ? null : transform(trial.metric),
        validation: trial.validation.map((point) => ({ ...point, metric: transform(point.metric) })),
      }));
      const finalists = record.finalists.map((finalist) => ({
        ...finalist,
        runs: finalist.runs.map((run) => ({ ...run, metric: transform(run.metric) })),
      }));
      const page = expectWhole({ ...points, metric: { name: 'loss', direction: 'minimize' }, finalists });
      expect(textOf(page)).toContain('Test loss');
    }
  });

  it('renders losses and metrics that are not finite, as numbers or as the null that JSON makes of them', () => {
    const record = withTrials((trial, index) => ({
      ...trial,
      metric: index % 4 === 0 ? NaN : trial.metric,
      losses: trial.losses.map((point, at) => ({
        ...point,
        value: [NaN, Infinity, -Infinity, 1e308, point.value][at % 5]!,
      })),
      validation: trial.validation.map((point, at) => ({
        ...point,
        metric: at % 2 === 0 ? Infinity : point.metric,
      })),
    }));
    expectWhole(record);
    expectWhole(JSON.parse(JSON.stringify(record)) as StudyRecord);
  });

  it('renders losses of exactly zero and times of zero', () => {
    expectWhole(
      withTrials((trial) => ({
        ...trial,
        seconds: 0,
        losses: trial.losses.map((point) => ({ ...point, value: 0, seconds: 0 })),
        validation: trial.validation.map((point) => ({ ...point, seconds: 0 })),
      })),
    );
    expectWhole({ ...record, data: { train: 0, validation: 0, test: 0 } });
  });

  it('stays small and whole with many trials', () => {
    const page = expectWhole(sampleRecord({ trials: 120 }));
    expect(page.length).toBeLessThan(2_000_000);
  });
});

describe('renderPlots', () => {
  const rendered = renderPlots(sampleRecord());

  it('gives every plot a name of its own and a title', () => {
    const names = rendered.map(({ name }) => name);
    expect(names).toEqual([
      'loss-curves',
      'learning-rate',
      'batch-size',
      'history',
      'learning-curves',
      'finalists',
      'choice-optimizer',
      'choice-lr',
      'choice-schedule',
      'choice-batch-size',
      'choice-weight-decay',
      'choice-warmup',
    ]);
  });

  it('holds literal colours, a background and its title', () => {
    for (const { svg, title } of rendered) {
      expect(svg).not.toMatch(/var\(--|url\(|href/);
      expect(svg).toContain('fill="#fdfdfb"');
      expect(svg).toContain(`>${title}</text>`);
    }
  });
});
