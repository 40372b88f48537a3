import ansis from 'ansis';
import type { StepProfile } from '../bench/profile.ts';
import type { Workload } from '../bench/workload.ts';
import { plural } from './format.ts';
import { progressBar } from './progress-bar.ts';
import { cut, table } from './table.ts';

/** Kernels of a smaller share are summed up in one row. */
const leastShare = 0.005;
const barWidth = 12;
/** What is left for the name of a kernel beside the other columns. */
const otherColumns = 60;

function countOf(kernels: StepProfile['kernels']): number {
  return kernels.reduce((sum, { count }) => sum + count, 0);
}

/** Where the time of a compiled step goes, kernel by kernel. */
export function profileLines(workload: Workload, profile: StepProfile, width: number): string[] {
  const { kernels, threads, calls, peakGflops } = profile;
  const total = kernels.reduce((sum, { ms }) => sum + ms, 0);
  const shown = kernels.filter(({ share }) => share >= leastShare);
  const rest = kernels.slice(shown.length);
  const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
  const rows = shown.map(({ kernel, count, ms, share, gflops, gbytesPerSecond }) => [
    `  ${ms.toPrecision(3)}`,
    percent(share),
    progressBar(share / kernels[0]!.share, barWidth),
    gflops.toFixed(1),
    percent(gflops / peakGflops),
    gbytesPerSecond.toFixed(1),
    String(count),
    ansis.dim(cut(kernel, width - otherColumns)),
  ]);
  if (rest.length > 0) {
    const ms = rest.reduce((sum, kernel) => sum + kernel.ms, 0);
    const text = ansis.dim(`of less than ${percent(leastShare)}`);
    rows.push([`  ${ms.toPrecision(3)}`, percent(ms / total), '', '', '', '', String(countOf(rest)), text]);
  }
  return [
    `${ansis.bold(workload.name)}  ${ansis.dim(workload.title)}`,
    ansis.dim(
      `  ${total.toPrecision(3)} ms in ${plural(countOf(kernels), 'kernel')} on ${plural(threads, 'thread')}, ` +
        `medians of ${plural(calls, 'call')}; peak ${peakGflops.toFixed(0)} GFLOP/s`,
    ),
    ...table(
      [
        { title: '  ms', align: 'right' },
        { title: 'share', align: 'right' },
        { title: '' },
        { title: 'GFLOP/s', align: 'right' },
        { title: 'of peak', align: 'right' },
        { title: 'GB/s', align: 'right' },
        { title: 'count', align: 'right' },
        { title: 'kernel' },
      ],
      rows,
      ansis.dim,
    ),
  ];
}
