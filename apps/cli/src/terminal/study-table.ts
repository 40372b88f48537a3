import ansis from 'ansis';
import type { Direction, FrozenTrial, Study, TrialState } from '@nadir/tune';
import { choiceName, choiceText, count, duration, plural } from './format.ts';
import { sparkline } from './sparkline.ts';
import { cut, table, widthOf, wrap, type Column } from './table.ts';

/** Columns that a curve takes. */
const curveWidth = 12;

/** How many trials of a study are in each state. */
export function countStates(trials: readonly FrozenTrial[]): Readonly<Record<TrialState, number>> {
  const counts: Record<TrialState, number> = { complete: 0, pruned: 0, failed: 0, running: 0, waiting: 0 };
  for (const { state } of trials) counts[state] += 1;
  return counts;
}

function valuesText(values: readonly number[] | null): string {
  return values === null ? '' : values.map((value) => String(Number(value.toPrecision(5)))).join(', ');
}

/** `3 min ago` of the last thing that happened in a study. */
function age(trials: readonly FrozenTrial[]): string {
  const last = Math.max(...trials.map(({ startedAt, finishedAt }) => finishedAt ?? startedAt ?? 0));
  if (!(last > 0)) return '';
  const days = (Date.now() - last) / 86_400_000;
  return days >= 2 ? `${Math.floor(days)} days ago` : `${duration(Math.max(0, days * 86_400))} ago`;
}

/** The studies of a storage, one a line. */
export function studyListLines(studies: readonly Study[], width: number): string[] {
  if (studies.length === 0) return ['No studies.'];
  const number = (value: number): string => (value === 0 ? ansis.dim('–') : count(value));
  const rows = studies.map((study) => {
    const { complete, pruned, failed, running, waiting } = countStates(study.trials);
    const [best] = study.bestTrials;
    const single = study.directions.length === 1;
    return [
      cut(study.name, Math.max(12, Math.floor(width / 3))),
      study.directions.map((direction) => direction.slice(0, 3)).join(', '),
      number(complete),
      number(pruned),
      failed === 0 ? number(0) : ansis.red(count(failed)),
      number(running + waiting),
      single ? ansis.bold(valuesText(best?.values ?? null)) : `${plural(study.bestTrials.length, 'trial')}`,
      ansis.dim(age(study.trials)),
    ];
  });
  const lines = (columns: readonly Column[]): string[] => table(columns, rows, ansis.dim);
  const columns: readonly Column[] = [
    { title: 'study' },
    { title: 'goal' },
    { title: 'complete', align: 'right' },
    { title: 'pruned', align: 'right' },
    { title: 'failed', align: 'right' },
    { title: 'open', align: 'right' },
    { title: 'best', align: 'right' },
    { title: 'last' },
  ];
  const whole = lines(columns);
  return whole.every((line) => widthOf(line) <= width) ? whole : lines(columns.slice(0, -1));
}

/** One study: what it is, and its best trials. */
export function studyLines(study: Study, most: number, width: number): string[] {
  const { name, directions, seed, trials, userAttributes } = study;
  const counts = Object.entries(countStates(trials)).filter(([, amount]) => amount > 0);
  const lines = [
    `${ansis.bold(name)}  ${ansis.dim(`${directions.join(', ')} · seed ${seed}`)}`,
    ansis.dim(
      trials.length === 0
        ? 'no trials yet'
        : `${plural(trials.length, 'trial')}: ${counts.map(([state, amount]) => `${count(amount)} ${state}`).join(', ')}`,
    ),
  ];
  const notes = Object.keys(userAttributes);
  if (notes.length > 0) lines.push(ansis.dim(`attributes: ${cut(notes.join(', '), width - 12)}`));
  if (trials.length === 0) return lines;
  const best = new Set(study.bestTrials.map(({ number }) => number));
  const ranked = trials.toSorted((a, b) => rankOf(a) - rankOf(b) || compare(a, b, directions));
  lines.push('', ...trialTable(ranked.slice(0, most), best, width));
  if (ranked.length > most) {
    lines.push(ansis.dim(`… and ${plural(ranked.length - most, 'trial')} more: --trials ${ranked.length}`));
  }
  const failed = trials.findLast(({ state }) => state === 'failed');
  const reason = failed?.error ?? null;
  if (failed !== undefined && reason !== null) {
    const text = `Trial ${failed.number} failed: ${reason.name}: ${reason.message}`;
    lines.push('', ...wrap(cut(text, 3 * width), width).map((line) => ansis.red(line)));
  }
  return lines;
}

/** Complete trials come first, those that have not ended last. */
function rankOf({ state }: FrozenTrial): number {
  return ['complete', 'pruned', 'running', 'waiting', 'failed'].indexOf(state);
}

function compare(a: FrozenTrial, b: FrozenTrial, directions: readonly Direction[]): number {
  const sign = directions[0] === 'maximize' ? -1 : 1;
  const difference = sign * ((a.value ?? NaN) - (b.value ?? NaN));
  return difference || a.number - b.number;
}

const marks: Readonly<Record<TrialState, string>> = {
  complete: ansis.green('✓'),
  pruned: ansis.dim('–'),
  failed: ansis.red('✗'),
  running: '…',
  waiting: ' ',
};

/** A line for each trial, with as many of the parameters as fit. */
function trialTable(trials: readonly FrozenTrial[], best: ReadonlySet<number>, width: number): string[] {
  const names = [...new Set(trials.flatMap(({ params }) => Object.keys(params)))];
  const hasCurves = trials.some(({ intermediateValues }) => Object.keys(intermediateValues).length > 1);
  const columns: Column[] = [
    { title: '' },
    { title: '#', align: 'right' },
    { title: 'value', align: 'right' },
  ];
  if (hasCurves) columns.push({ title: 'reports' });
  columns.push({ title: 'time', align: 'right' }, { title: 'state' });
  const rows = trials.map((trial) => {
    const { number, state, values, startedAt, finishedAt, attempt } = trial;
    const seconds = startedAt === null || finishedAt === null ? null : (finishedAt - startedAt) / 1000;
    const isBest = best.has(number);
    return [
      isBest ? ansis.yellow('★') : marks[state],
      String(number),
      isBest ? ansis.bold(valuesText(values)) : valuesText(values),
      ...(hasCurves ? [ansis.cyan(sparkline(curveOf(trial), curveWidth))] : []),
      seconds === null ? '' : ansis.dim(duration(seconds)),
      ansis.dim(attempt > 1 ? `${state}, attempt ${attempt}` : state === 'complete' ? '' : state),
    ];
  });
  // Parameters stand before the time; those that the screen has no room for are left out, from the last on.
  let used = table(columns, rows).reduce((most, line) => Math.max(most, widthOf(line)), 0);
  for (const name of names) {
    const texts = trials.map(({ params }) => cut(choiceText(params[name] ?? undefined), 16));
    const column: Column = {
      title: choiceName(name),
      align: trials.every(({ params }) => typeof (params[name] ?? 0) === 'number') ? 'right' : 'left',
    };
    used += 2 + Math.max(widthOf(column.title), ...texts.map(widthOf));
    if (used > width) break;
    const index = columns.length - 2;
    columns.splice(index, 0, column);
    for (const [row, text] of texts.entries()) rows[row]!.splice(index, 0, text);
  }
  return table(columns, rows, ansis.dim);
}

/** The finite reports of a trial, in the order of their steps. */
function curveOf({ intermediateValues }: FrozenTrial): readonly number[] {
  return Object.values(intermediateValues).filter(Number.isFinite);
}
