import ansis from 'ansis';
import { lossDifference, lossTolerance, referenceOf } from '../bench/agreement.ts';
import type { ContestResult } from '../bench/contest.ts';
import type { Workload } from '../bench/workload.ts';
import { table } from './table.ts';

/** Milliseconds with three digits. */
function ms(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** The figures of a workload. */
export function contestLines(workload: Workload, { measurements, absences }: ContestResult): string[] {
  const reference = referenceOf(measurements);
  const rows = measurements.map((row) => {
    const difference = lossDifference(row.loss, reference!.loss);
    const share =
      workload.flops === null
        ? ''
        : `${((100 * workload.flops) / row.medianMs / 1e6 / row.peakGflops).toFixed(0)} %`;
    return [
      `  ${row.system}`,
      String(row.threads),
      ms(row.medianMs),
      `${ms(row.minMs)} – ${ms(row.maxMs)}`,
      share,
      row.peakGflops.toFixed(0),
      ms(row.firstMs),
      difference <= lossTolerance
        ? ansis.green(row === reference ? row.loss.toPrecision(6) : difference.toExponential(0))
        : ansis.red(row.loss.toPrecision(6)),
    ];
  });
  return [
    `${ansis.bold(workload.name)}  ${ansis.dim(`${workload.title}; ms ${workload.per === 1 ? 'a step' : `for ${workload.per} steps`}`)}`,
    ...table(
      [
        { title: '  system' },
        { title: 'threads', align: 'right' },
        { title: 'median', align: 'right' },
        { title: 'spread', align: 'right' },
        { title: 'of peak', align: 'right' },
        { title: 'GFLOP/s', align: 'right' },
        { title: 'first', align: 'right' },
        { title: 'loss' },
      ],
      rows,
      ansis.dim,
    ),
    ...absences.map(
      ({ system, reason, failed }) => `  ${failed ? ansis.red('✗') : '–'} ${system}: ${reason}`,
    ),
  ];
}
