import type { Evidence } from '../evidence.ts';
import { formatShort } from '../number-format.ts';
import { linearTicks } from '../ticks.ts';

/** An axis of how much was learned from: epochs where the size of the training data is known. */
export interface ProgressAxis {
  readonly label: string;
  readonly domain: readonly [number, number];
  place(examples: number): number;
  ticks(most: number): readonly number[];
  format(value: number): string;
}

/** The axis for a number of examples up to `most`. */
export function progressAxis({ record }: Evidence, most: number): ProgressAxis {
  const epoch = record.data.train;
  const inEpochs = epoch > 0 && most / epoch >= 0.05;
  const unit = inEpochs ? epoch : 1;
  const end = most > 0 ? most / unit : 1;
  return {
    label: inEpochs ? 'epochs' : 'training items seen',
    domain: [0, end],
    place: (examples) => examples / unit,
    ticks: (count) => linearTicks(0, end, count),
    format: formatShort,
  };
}
