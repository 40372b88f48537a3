import { dot, type Markish } from '@observablehq/plot';
import type { LegendEntry } from '../drawing.ts';
import type { Evidence, MeasuredTrial } from '../evidence.ts';
import { formatSeconds } from '../number-format.ts';
import { groupByValue, parametersOf, type Parameter, type ParameterRole } from '../parameter.ts';
import { printable } from '../markup.ts';
import { seriesColor, type Palette } from '../palette.ts';
import type { Choices, TrialOutcome } from '../study-record.ts';

/** A trial at a place of a plot. */
export interface PlacedTrial {
  readonly trial: MeasuredTrial;
  readonly x: number;
  readonly y: number;
  readonly color: string;
}

/** Dots for completed trials, rings for pruned ones, crosses for those that diverged or failed. */
export function trialDots(
  evidence: Evidence,
  places: readonly PlacedTrial[],
  radius: number = 4.5,
): Markish[] {
  const all = { x: 'x', y: 'y', title: ({ trial }: PlacedTrial) => trialTitle(evidence, trial) } as const;
  const ended = (...outcomes: readonly TrialOutcome[]): PlacedTrial[] =>
    places.filter(({ trial }) => outcomes.includes(trial.outcome));
  return [
    dot(ended('diverged', 'failed'), {
      ...all,
      stroke: 'color',
      symbol: 'times',
      r: radius * 0.8,
      strokeWidth: 1.6,
    }),
    dot(ended('pruned'), {
      ...all,
      stroke: 'color',
      fill: 'transparent',
      r: radius - 0.5,
      strokeWidth: 1.5,
      strokeOpacity: 0.75,
    }),
    dot(ended('completed'), { ...all, fill: 'color', fillOpacity: 0.9, r: radius }),
  ];
}

/** The signs of the outcomes that occur. */
export function outcomeLegend(trials: readonly MeasuredTrial[], color: string): readonly LegendEntry[] {
  const has = (...outcomes: readonly TrialOutcome[]): boolean =>
    trials.some(({ outcome }) => outcomes.includes(outcome));
  const lost = (['diverged', 'failed'] as const).filter((outcome) => has(outcome));
  return [
    ...(has('completed') ? [{ label: 'completed', color, sign: 'dot' } as const] : []),
    ...(has('pruned') ? [{ label: 'pruned', color, sign: 'ring' } as const] : []),
    ...(lost.length > 0 ? [{ label: lost.join(' or '), color, sign: 'cross' } as const] : []),
  ];
}

/** What pointing at a trial shows. */
export function trialTitle({ metric }: Evidence, trial: MeasuredTrial): string {
  const lines = [
    `Trial ${trial.number}, ${trial.outcome}${trial.reason === undefined ? '' : `: ${trial.reason}`}`,
    `${metric.name} ${metric.format(trial.metric)} in ${formatSeconds(trial.seconds)}`,
    ...choiceTexts(trial.choices),
  ];
  return lines.map(printable).join('\n');
}

/** Choices as "learning rate 1.8e-3". */
function choiceTexts(choices: Choices): readonly string[] {
  return parametersOf([{ choices }]).map(({ name, label, format }) => `${label} ${format(choices[name]!)}`);
}

const shortNames: { readonly [R in ParameterRole]?: string } = {
  learningRate: 'lr',
  batchSize: 'batch',
  weightDecay: 'decay',
};

/** Choices in few words: values alone, for those who know the parameters. */
export function shortChoices(choices: Choices): string {
  return parametersOf([{ choices }])
    .map(({ name, label, role, isNumeric, format }) => {
      const value = format(choices[name]!);
      const short = role === null ? undefined : shortNames[role];
      if (short !== undefined) return `${short} ${value}`;
      return isNumeric ? `${label} ${value}` : value;
    })
    .join(' · ');
}

/** A colour for each trial by a parameter that holds few names, and the legend to it. */
export interface TrialColors {
  readonly colorOf: (trial: MeasuredTrial) => string;
  readonly legend: readonly LegendEntry[];
}

/** Colours by a parameter; one colour for all where there is none. `offset` keeps two parameters apart. */
export function trialColors(
  parameter: Parameter | null,
  trials: readonly MeasuredTrial[],
  palette: Palette,
  offset: number = 0,
): TrialColors {
  const groups = parameter === null ? [] : groupByValue(parameter, trials);
  if (groups.length < 2) return { colorOf: () => palette.accent, legend: [] };
  const colors = groups.map((_, index) => seriesColor(palette, index < 8 ? (index + offset) % 8 : index));
  const byTrial = new Map(
    groups.flatMap(({ trials }, index) => trials.map((trial) => [trial.number, colors[index]!])),
  );
  return {
    colorOf: ({ number }) => byTrial.get(number) ?? palette.muted,
    legend: groups.map(({ label }, index) => ({ label, color: colors[index]!, sign: 'dot' })),
  };
}
