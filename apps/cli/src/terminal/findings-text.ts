import ansis from 'ansis';
import type { Findings, ValueCost } from '../findings.ts';
import type { StudyRecord } from '../report/study-record.ts';
import {
  choiceName,
  choicesText,
  count,
  differenceText,
  duration,
  isShare,
  metricText,
  shortNumber,
} from './format.ts';
import { table, wrap, type Column } from './table.ts';

const names: Readonly<Record<string, string>> = {
  lr: 'learning rate',
  batchSize: 'batch size',
  weightDecay: 'weight decay',
};

/** Lines that say which combination is best, how sure that is, and what each choice cost. */
export function findingsText(record: StudyRecord, findings: Findings, width: number): string[] {
  return [...certaintyText(record, findings, width), '', ...costText(record, findings, width)];
}

function certaintyText(
  { metric, trials, finalists }: StudyRecord,
  { certainty }: Findings,
  width: number,
): string[] {
  const { ranking, lead, separated } = certainty;
  const first = ranking[0];
  if (first === undefined) {
    return [ansis.yellow(`No combination was trained again yet: ${trials.length} trials so far.`)];
  }
  const unit = isShare(metric.name) ? ' points' : '';
  const [head, ...rest] = wrap(`The best combination: ${choicesText(first.finalist.choices)}`, width);
  const lines = [
    `${ansis.green('✓')}${ansis.bold(head!.slice(1))}`,
    ...rest.map((line) => ansis.bold(line)),
    '',
  ];
  const rows = ranking.map(({ finalist, median, spread }) => [
    `  trial ${finalist.trial}`,
    metricText(metric.name, median),
    differenceText(metric.name, spread),
    finalist.runs.map((run) => metricText(metric.name, run.metric)).join('  '),
  ]);
  const columns: Column[] = [
    { title: '' },
    { title: 'median', align: 'right' },
    { title: 'spread', align: 'right' },
    { title: `validation ${metric.name} with ${finalists[0]?.runs.length ?? 0} fresh seeds` },
  ];
  lines.push(...table(columns, rows, ansis.dim));
  if (lead !== null) {
    const by = `${differenceText(metric.name, lead)}${unit}`;
    const sure = separated
      ? `How sure: every seed of it beats every seed of the runner-up; its median leads by ${by}.`
      : `How sure: it leads the runner-up by ${by}, but their seeds overlap: take it for a tie.`;
    lines.push('', ...wrap(sure, width));
  }
  return lines;
}

function costText({ metric, trials }: StudyRecord, { choices, target }: Findings, width: number): string[] {
  if (choices.length === 0) return [];
  const title = `What each choice cost, of ${trials.length} trials`;
  const lines = [ansis.bold(title)];
  const wide = width >= 88;
  for (const { choice, values } of choices) {
    const columns: Column[] = [
      { title: names[choice] ?? choiceName(choice) },
      { title: 'trials', align: 'right' },
      { title: 'best', align: 'right' },
      { title: 'cost', align: 'right' },
      ...(wide ? [{ title: 'spread', align: 'right' } as const] : []),
      { title: 'pruned', align: 'right' },
      { title: 'diverged', align: 'right' },
      { title: `to ${metricText(metric.name, target).replace(/\.00 %$/, ' %')}`, align: 'right' },
      { title: 'items/s', align: 'right' },
    ];
    const rows = values.map((value) => costCells(metric.name, value, wide));
    // One width for the names of all choices, so that the columns stand below each other.
    const [head, ...body] = rows.length === 0 ? [[]] : [columns.map(({ title }) => title), ...rows];
    lines.push('', ...aligned(columns, head as string[], body));
  }
  lines.push('', ...wrap(caveat(trials.length, metric.name, wide), width).map((line) => ansis.dim(line)));
  return lines;
}

/** Least widths of the columns, the same for all choices. */
const widths = [13, 6, 8, 6, 6, 6, 8, 8, 8];

function aligned(
  columns: readonly Column[],
  head: readonly string[],
  rows: ReadonlyArray<readonly string[]>,
): string[] {
  const wide = columns.length === 9;
  const least = wide ? widths : widths.filter((_, index) => index !== 4);
  const ruler = least.map((width) => ' '.repeat(width));
  const [titles, ...lines] = table(
    columns.map((column, index) => ({ ...column, title: head[index] ?? '' })),
    [...rows, ruler],
    ansis.dim,
  );
  return [titles!, ...lines.slice(0, -1)].map((line) => `  ${line}`);
}

function costCells(metric: string, value: ValueCost, wide: boolean): string[] {
  const number = Number(value.label);
  const label = value.label !== '' && Number.isFinite(number) ? shortNumber(number) : value.label;
  return [
    label,
    String(value.trials),
    metricText(metric, value.best),
    value.cost === null ? '–' : value.cost === 0 ? '0' : differenceText(metric, value.cost),
    ...(wide ? [value.spread === null ? '–' : differenceText(metric, value.spread)] : []),
    String(value.pruned),
    String(value.diverged),
    value.secondsToTarget === null ? 'never' : duration(value.secondsToTarget),
    value.rate === null ? '–' : count(value.rate),
  ];
}

function caveat(trials: number, metric: string, wide: boolean): string {
  const spread = wide ? ' spread: width of the middle half of its completed trials.' : '';
  const unit = isShare(metric) ? ', in points' : '';
  return (
    `cost: how far the best trial of a value stays behind the best of all${unit}.${spread} to …: median training time of ` +
    `the trials that got there. The values share ${trials} trials: a value with few of them is a rough guess.`
  );
}
