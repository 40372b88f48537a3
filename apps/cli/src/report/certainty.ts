import { median } from '../statistics.ts';
import type { Evidence, MeasuredFinalist } from './evidence.ts';
import { capitalized, countOf, formatNumber, formatSeconds, formatShort } from './number-format.ts';

/** How sure the choice between the best two finalists is, in words, from their runs. */
export function certaintyText(evidence: Evidence): string {
  const { finalists } = evidence;
  const [first, second] = finalists;
  if (first === undefined || first.runs.length + first.lost === 0) {
    return 'No combination was trained again with fresh seeds, so the order of the best ones rests on one run each and may be luck.';
  }
  if (second === undefined || second.runs.length + second.lost === 0) {
    return `${capitalized(rangeText(evidence, first))}. No second combination was trained again to compare it with.`;
  }
  return `${capitalized(rangeText(evidence, first))}; ${rangeText(evidence, second)}. ${verdict(evidence, first, second)}`;
}

function rangeText({ metric }: Evidence, { trial, runs, median, low, high, lost }: MeasuredFinalist): string {
  const count = countOf(runs.length + lost, 'fresh seed');
  if (runs.length === 0)
    return `trial ${trial} diverged with ${runs.length + lost === 1 ? 'its' : 'all'} ${count}`;
  const diverged = lost === 0 ? '' : ` and ${lost} diverged`;
  if (runs.length + lost === 1) return `trial ${trial} gave ${metric.format(median)} with one fresh seed`;
  return `trial ${trial} gave ${metric.format(low)} to ${metric.format(high)} over ${count}${diverged}`;
}

function verdict({ metric }: Evidence, first: MeasuredFinalist, second: MeasuredFinalist): string {
  const names = `trial ${first.trial} and trial ${second.trial}`;
  if (first.runs.length === 0) return `Neither of ${names} can be recommended as it is.`;
  if (second.runs.length === 0) return `That leaves trial ${first.trial}.`;
  const pairs = first.runs.length * second.runs.length;
  const wins = first.runs.flatMap((a) =>
    second.runs.map((b) => (metric.isBetter(a.metric, b.metric) ? 1 : a.metric === b.metric ? 0.5 : 0)),
  );
  const won = wins.reduce<number>((sum, win) => sum + win, 0);
  const isClean = won === pairs && first.lost + second.lost === 0;
  if (isClean) {
    const chance = binomial(first.runs.length + second.runs.length, first.runs.length) / 2;
    const luck =
      chance > 1
        ? ` Were both equally good, so clean a split would still come up by chance in 1 of ${formatNumber(Math.round(chance))} comparisons.`
        : ' One run each says little, though.';
    return `Their ranges do not overlap: every run of trial ${first.trial} beats every run of trial ${second.trial}.${luck}`;
  }
  const ahead = `Their ranges overlap: in ${formatShort(won)} of ${pairs} pairs of runs trial ${first.trial} is ahead`;
  if (won === pairs) return `${ahead}.`;
  return `${ahead}, so the order of ${names} is not certain.${fasterText(first, second)}`;
}

function fasterText(first: MeasuredFinalist, second: MeasuredFinalist): string {
  const [a, b] = [first, second].map(({ runs }) => median(runs.map(({ seconds }) => seconds))) as [
    number,
    number,
  ];
  if (!(Math.max(a, b) > 1.1 * Math.min(a, b))) return '';
  const [faster, time, other] = a < b ? [first, a, b] : [second, b, a];
  return ` Trial ${faster.trial} trains faster: ${formatSeconds(time)} a run against ${formatSeconds(other)}.`;
}

/** The number of ways to choose k of n. */
function binomial(n: number, k: number): number {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i;
  return ways;
}
