// The three learning-rate strategies of the text (3.2) side by side, as a plot: fixed, exponential decay, step decay.
import { writeFileSync } from 'node:fs';
import { constant, exponentialDecay, product, stepDecay } from '@nadir/schedulers';
import { schedulePlot } from 'nadir/report';

/** The learning rate at each of the steps of the text's programs, by strategy. */
export function learningRates(
  steps = 1000,
): ReadonlyArray<{ readonly name: string; readonly values: readonly number[] }> {
  const from = constant({ factor: 0.1 });
  const schedules = {
    fixed: from,
    exponential: product([from, exponentialDecay({ gamma: 0.99 })]),
    step: product([from, stepDecay({ gamma: 0.5, stepSize: 100 })]),
  };
  return Object.entries(schedules).map(([name, schedule]) => ({
    name,
    values: Array.from({ length: steps }, (_, step) => schedule(step)),
  }));
}

/** The plot as an SVG document. */
export function plotSchedules(): string {
  return schedulePlot(learningRates(), { title: 'Three learning-rate strategies' });
}

if (import.meta.main) {
  const path = process.argv[2] ?? 'schedules.svg';
  writeFileSync(path, plotSchedules());
  console.log(`Wrote ${path}.`);
}
