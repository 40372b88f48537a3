import { median } from '../../statistics.ts';
import { compare, type Evidence, type MeasuredTrial } from '../evidence.ts';
import { choiceFiguresOf, type ChoiceFigure } from '../figures.ts';
import { completedMetrics } from '../figures/choice-values.ts';
import { markup, type Markup } from '../markup.ts';
import { capitalized, formatNumber, formatSeconds, nothing } from '../number-format.ts';
import { groupByValue, type Parameter } from '../parameter.ts';
import type { TrialOutcome } from '../study-record.ts';
import { figureMarkup } from './plots.ts';

/** What the trials that share a value came to. */
interface ValueSummary {
  readonly label: string;
  readonly trials: number;
  readonly median: number | null;
  readonly best: number | null;
  /** Of the completed trials. */
  readonly worst: number | null;
  readonly early: { readonly [O in Exclude<TrialOutcome, 'completed'>]: number };
  readonly secondsToThreshold: number | null;
  readonly reached: number;
  readonly examplesPerSecond: number | null;
}

/** What each choice cost in accuracy, stability and speed: a plot and a table for every parameter. */
export function choiceCosts(evidence: Evidence): Markup | null {
  const { threshold, metric } = evidence;
  if (evidence.trials.length === 0) return null;
  const choices = choiceFiguresOf(evidence)
    .map((choice) => ({
      ...choice,
      summaries: summariesOf(evidence, choice.parameter),
      effect: effectOf(evidence, choice.parameter),
    }))
    .toSorted((a, b) => Number(b.effect > a.effect) - Number(b.effect < a.effect));
  const varied = choices.filter(({ summaries }) => summaries.length > 1);
  const fixed = choices.filter(({ summaries }) => summaries.length < 2);
  const speed =
    threshold === null
      ? ''
      : ` Speed is the training time until an evaluation first saw ${metric.name} ${metric.formatLevel(threshold.value)}, which ${threshold.reached} of ${threshold.completed} completed trials reached.`;
  return markup`<section id="choices" aria-labelledby="choices-title">
    <h2 id="choices-title">What each choice cost</h2>
    ${
      varied.length > 0 &&
      markup`<p>The choice that best explains which trials were better comes first. Medians are over completed trials; the trials of a row also differ in everything else, so small differences are noise.${speed}</p>`
    }
    ${varied.map((choice) => choiceBlock(evidence, choice, choice.summaries))}
    ${fixed.length > 0 && markup`<p class="note">Not varied: ${fixed.map(({ parameter, summaries }) => `${parameter.label} ${summaries[0]?.label ?? ''}`).join(', ')}.</p>`}
  </section>`;
}

function summariesOf({ metric, trials }: Evidence, parameter: Parameter): readonly ValueSummary[] {
  return groupByValue(parameter, trials).map(({ label, trials }) => {
    const values = completedMetrics(trials).toSorted((a, b) => compare(metric, a, b));
    const count = (outcome: TrialOutcome): number =>
      trials.filter((trial) => trial.outcome === outcome).length;
    const seconds = numbersOf(trials, ({ secondsToThreshold }) => secondsToThreshold);
    return {
      label,
      trials: trials.length,
      median: values.length === 0 ? null : median(values),
      best: values[0] ?? null,
      worst: values.at(-1) ?? null,
      early: { pruned: count('pruned'), diverged: count('diverged'), failed: count('failed') },
      secondsToThreshold: seconds.length === 0 ? null : median(seconds),
      reached: seconds.length,
      examplesPerSecond: medianOrNull(numbersOf(trials, ({ examplesPerSecond }) => examplesPerSecond)),
    };
  });
}

function numbersOf(
  trials: readonly MeasuredTrial[],
  read: (trial: MeasuredTrial) => number | null,
): readonly number[] {
  return trials.map(read).filter((value) => value !== null);
}

function medianOrNull(values: readonly number[]): number | null {
  return values.length === 0 ? null : median(values);
}

/**
 * How much of the order of the completed trials a parameter explains: ε² of the Kruskal–Wallis test, which takes off what
 * as many values would explain by chance. (Kelley 1935; Tomczak and Tomczak 2014.)
 */
function effectOf({ trials }: Evidence, parameter: Parameter): number {
  const groups = groupByValue(parameter, trials)
    .map((group) => completedMetrics(group.trials))
    .filter((values) => values.length > 0);
  const all = groups.flat().toSorted((a, b) => a - b);
  const free = all.length - groups.length;
  if (groups.length < 2 || free < 1) return -Infinity;
  // Equal values share the mean of their ranks.
  const rankOf = (value: number): number => (all.indexOf(value) + all.lastIndexOf(value)) / 2;
  const spread = (values: readonly number[], around: number): number =>
    values.reduce((sum, value) => sum + (rankOf(value) - around) ** 2, 0);
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + rankOf(value), 0) / values.length;
  const total = spread(all, (all.length - 1) / 2);
  const within = groups.reduce((sum, values) => sum + spread(values, mean(values)), 0);
  return total === 0 ? 0 : (total - within - ((groups.length - 1) * within) / free) / total;
}

function choiceBlock(
  evidence: Evidence,
  { parameter, figure }: ChoiceFigure,
  summaries: readonly ValueSummary[],
): Markup {
  return markup`<article class="choice">
    <h3>${capitalized(parameter.label)}</h3>
    <p>${choiceText(evidence, summaries)}</p>
    <div class="pair">
      ${figureMarkup(figure, { wide: 520, titled: false })}${choiceTable(evidence, parameter, summaries)}
    </div>
  </article>`;
}

/** The best, the fastest and the least stable value in a sentence each. */
function choiceText({ metric, threshold }: Evidence, summaries: readonly ValueSummary[]): string {
  const sentences: string[] = [];
  const measured = summaries.filter((summary) => summary.median !== null);
  const best = measured.toSorted((a, b) => compare(metric, a.median, b.median))[0];
  if (best !== undefined && measured.length > 1)
    sentences.push(`The best median is that of ${best.label} (${metric.format(best.median)}).`);
  const timed = summaries.filter(({ reached }) => reached > 0);
  const fastest = timed.toSorted((a, b) => a.secondsToThreshold! - b.secondsToThreshold!)[0];
  if (fastest !== undefined && timed.length > 1 && threshold !== null) {
    sentences.push(
      `The fastest to ${metric.formatLevel(threshold.value)} is ${fastest.label} (${formatSeconds(fastest.secondsToThreshold!)}).`,
    );
  }
  const shaky = summaries.filter(({ early }) => early.diverged + early.failed > 0);
  const losses = shaky.map(
    (summary) => `${earlyText(summary, ['diverged', 'failed'])} of ${summary.trials} with ${summary.label}`,
  );
  sentences.push(
    losses.length === 0 ? 'No value made a trial diverge or fail.' : `Unstable: ${losses.join('; ')}.`,
  );
  return sentences.join(' ');
}

function earlyText({ early }: ValueSummary, outcomes: readonly (keyof ValueSummary['early'])[]): string {
  const parts = outcomes
    .filter((outcome) => early[outcome] > 0)
    .map((outcome) => `${early[outcome]} ${outcome}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

function choiceTable(
  { metric, threshold }: Evidence,
  parameter: Parameter,
  summaries: readonly ValueSummary[],
): Markup {
  const columns = [
    ['Trials', ({ trials }) => formatNumber(trials)],
    ['Median', (summary) => metric.format(summary.median)],
    ['Best', ({ best }) => metric.format(best)],
    ['Worst', ({ worst }) => metric.format(worst)],
    ['Ended early', (summary) => earlyText(summary, ['pruned', 'diverged', 'failed'])],
    [
      threshold === null ? 'Time' : `To ${metric.formatLevel(threshold.value)}`,
      ({ secondsToThreshold, reached, trials }) =>
        secondsToThreshold === null
          ? 'never'
          : `${formatSeconds(secondsToThreshold)} (${reached}\u00a0of\u00a0${trials})`,
    ],
    [
      'Items/s',
      ({ examplesPerSecond }) =>
        examplesPerSecond === null ? nothing : formatNumber(Number(examplesPerSecond.toPrecision(3))),
    ],
  ] satisfies [string, (summary: ValueSummary) => string][];
  return markup`<div class="wide-table"><table role="table" class="cards">
    <caption class="hidden">
      What each ${parameter.label} came to
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col">${capitalized(parameter.label)}</th>
        ${columns.map(([name]) => markup`<th role="columnheader" scope="col">${name}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${summaries.map(
        (summary) =>
          markup`<tr role="row">
            <th role="rowheader" scope="row">${summary.label}</th>
            ${columns.map(([name, text]) => markup`<td role="cell" class="${name === 'Ended early' && 'early'}" data-label="${name}">${text(summary)}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table></div>`;
}
