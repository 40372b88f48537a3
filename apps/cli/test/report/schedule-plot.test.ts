import { SaxesParser } from 'saxes';
import { expect, it } from 'vitest';
import { schedulePlot } from '../../src/report/schedule-plot.ts';

function expectWhole(svg: string): void {
  const errors: string[] = [];
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', (error) => errors.push(error.message));
  parser.write(svg).close();
  expect(errors).toEqual([]);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
}

it('draws schedules side by side, each with its name', () => {
  const svg = schedulePlot([
    { name: 'constant', values: Array.from({ length: 1000 }, () => 0.1) },
    { name: 'exponential', values: Array.from({ length: 1000 }, (_, step) => 0.1 * 0.99 ** step) },
    { name: 'step', values: Array.from({ length: 1000 }, (_, step) => 0.1 * 0.5 ** Math.floor(step / 100)) },
  ]);
  expectWhole(svg);
  for (const name of ['constant', 'exponential', 'step']) expect(svg).toContain(`>${name}</text>`);
});

it('draws nothing, one step, zeros and what is not finite', () => {
  expectWhole(schedulePlot([]));
  expectWhole(schedulePlot([{ name: 'one', values: [0.1] }]));
  expectWhole(schedulePlot([{ name: 'zero', values: [0, 0, 0] }]));
  expectWhole(schedulePlot([{ name: '<&>', values: [NaN, Infinity, 1, 2] }]));
  expectWhole(schedulePlot([{ name: 'nothing', values: [NaN, NaN] }]));
});
