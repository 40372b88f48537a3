import ansis from 'ansis';
import { lossDifference, lossTolerance, referenceOf } from '../bench/agreement.ts';
import type { ContestResult } from '../bench/contest.ts';
import { isThreaded, systemNames, type Contestant, type Measurement } from '../bench/system.ts';
import type { Workload } from '../bench/workload.ts';
import { count } from './format.ts';
import { pad, table, wrap } from './table.ts';

/** Milliseconds in three digits. */
function milliseconds(value: number): string {
  if (value >= 999.5) return count(value);
  return value >= 99.95 ? value.toFixed(0) : value.toPrecision(3);
}

/** How many times as fast: `0.14×`, `2.3×`, `38×`. */
function ratioText(ratio: number): string {
  return `${ratio >= 9.95 ? count(ratio) : ratio.toPrecision(2)}×`;
}

/** A system and, where it can have several, its threads. */
export function contestantLabel({ system, threads }: Contestant): string {
  return isThreaded(system) ? `${system} ${threads}` : system;
}

/** Widths of the columns, so that the tables of all workloads stand below each other; negative to the right. */
const columns: ReadonlyArray<{ readonly title: string; readonly width: number; readonly wide?: true }> = [
  { title: '', width: 16 },
  { title: 'median', width: -7 },
  { title: 'spread', width: -15 },
  { title: 'of peak', width: -7 },
  { title: 'GFLOP/s', width: -7, wide: true },
  { title: 'first', width: -6 },
  { title: '', width: -7 },
  { title: 'loss', width: 9 },
  { title: 'runs', width: -4, wide: true },
];
/** Columns of a screen that has room for all. */
const wideScreen = 98;

function tableLine(cells: readonly string[], width: number, style = (text: string): string => text): string {
  return columns
    .map((column, index) => ({ ...column, cell: cells[index]! }))
    .filter(({ wide }) => wide === undefined || width >= wideScreen)
    .map(({ cell, width: room }, index) => (index === 0 ? pad(cell, room) : style(pad(cell, room))))
    .join('  ')
    .trimEnd();
}

/** The fastest measurement of a system. */
function bestOf(
  measurements: readonly Measurement[],
  system: Measurement['system'],
): Measurement | undefined {
  return measurements
    .filter((measurement) => measurement.system === system)
    .toSorted((a, b) => a.medianMs - b.medianMs)[0];
}

/** A loss in at most nine characters. */
function lossValue(loss: number): string {
  const size = Math.abs(loss);
  return size !== 0 && size < 1e-3 ? loss.toExponential(3) : loss.toPrecision(size < 0.1 ? 5 : 6);
}

function lossText(row: Measurement, reference: Measurement): string {
  if (row === reference) return lossValue(row.loss);
  const difference = lossDifference(row.loss, reference.loss);
  if (difference > lossTolerance || Number.isNaN(difference)) return ansis.red(`✗ ${lossValue(row.loss)}`);
  return ansis.green(`✓ ${difference === 0 ? 'equal' : difference.toExponential(0)}`);
}

const words = ['no threads', 'one thread', 'two', 'three', 'four'];

/** Cores that are free reach together about what one of them reaches, times their number. */
const freeShare = 0.8;

/** `65 GFLOP/s on one thread, 131 on two`; in yellow where several threads reach little more than one. */
function peakText(measurements: readonly Measurement[]): string {
  const peaks = Array.from(
    new Map(measurements.map(({ threads, peakGflops }) => [threads, peakGflops])),
  ).toSorted(([a], [b]) => a - b);
  const [least] = peaks;
  const isFree = peaks.every(([threads, peak]) => peak / threads >= (freeShare * least![1]) / least![0]);
  const text = peaks
    .map(
      ([threads, peak], index) =>
        `${peak.toFixed(0)}${index === 0 ? ' GFLOP/s' : ''} on ${words[threads] ?? threads}`,
    )
    .join(', ');
  return isFree ? ansis.dim(text) : ansis.yellow(text);
}

/** The table of one workload. */
export function contestLines(
  workload: Workload,
  { measurements, absences }: ContestResult,
  width: number,
): string[] {
  const reference = referenceOf(measurements);
  const rival = bestOf(measurements, 'torch') ?? bestOf(measurements, 'nadir-eager') ?? measurements[0];
  const fastest = Math.min(...measurements.map(({ medianMs }) => medianMs));
  const titles = columns.map(({ title }) => title);
  titles[0] = ansis.bold(workload.name);
  titles[6] = rival === undefined ? '' : `× ${rival.system.replace('nadir-', '')}`;
  const rows = measurements.map((row) => {
    const rate = workload.flops === null ? null : (workload.flops * workload.per) / row.medianMs / 1e6;
    const median = milliseconds(row.medianMs);
    return tableLine(
      [
        `  ${contestantLabel(row)}`,
        row.medianMs === fastest ? ansis.bold.green(median) : median,
        ansis.dim(`${milliseconds(row.minMs)} – ${milliseconds(row.maxMs)}`),
        rate === null ? ansis.dim('–') : `${((100 * rate) / row.peakGflops).toFixed(0)} %`,
        rate === null ? ansis.dim('–') : rate.toPrecision(3),
        milliseconds(row.firstMs),
        row === rival ? ansis.dim('1×') : ratioText(rival!.medianMs / row.medianMs),
        lossText(row, reference!),
        ansis.dim(String(row.runs)),
      ],
      width,
    );
  });
  const unit = workload.per === 1 ? '' : `; ms for ${count(workload.per)} steps`;
  return [
    tableLine(titles, width, ansis.dim),
    ansis.dim(`  ${workload.title}${unit}`),
    ...rows,
    ...absences.map((absence) => absenceLine(absence)),
    ...(measurements.length === 0 ? [] : [`  ${ansis.dim(pad('peak', 14))}  ${peakText(measurements)}`]),
  ];
}

function absenceLine(absence: ContestResult['absences'][number]): string {
  const { failed, reason } = absence;
  const text = `  ${pad(contestantLabel(absence), 14)}  ${reason}`;
  return failed ? ansis.red(text) : ansis.dim(text);
}

/** Workloads by systems: how many times as fast as each of the others Nadir's are, each at its best number of threads. */
export function summaryLines(results: ReadonlyArray<readonly [Workload, ContestResult]>): string[] {
  return (['nadir-wasm', 'nadir-native', 'nadir-eager'] as const).flatMap((own) => {
    const rows = results.flatMap(([workload, { measurements }]) => {
      const best = bestOf(measurements, own);
      return best === undefined ? [] : [{ name: workload.name, best, measurements }];
    });
    const isRival = ({ system }: Contestant): boolean =>
      system !== own && (own !== 'nadir-eager' || !system.startsWith('nadir'));
    const rivals = contestantsOf(rows.flatMap(({ measurements }) => measurements)).filter(isRival);
    if (rows.length === 0 || rivals.length === 0) return [];
    const titles = ['', 'ms', ...(isThreaded(own) ? ['threads'] : [])];
    return [
      `${ansis.bold(own)} is so many times as fast as`,
      ...table(
        [
          ...titles.map((title, index) => ({ title, align: index === 0 ? 'left' : 'right' }) as const),
          ...rivals.map((rival) => ({ title: contestantLabel(rival), align: 'right' }) as const),
        ],
        rows.map(({ name, best, measurements }) => [
          `  ${name}`,
          milliseconds(best.medianMs),
          ...(isThreaded(own) ? [String(best.threads)] : []),
          ...rivals.map(({ system, threads }) => {
            const other = measurements.find((row) => row.system === system && row.threads === threads);
            if (other === undefined) return ansis.dim('–');
            const ratio = other.medianMs / best.medianMs;
            return (ratio >= 1 ? ansis.green : ansis.yellow)(ratioText(ratio));
          }),
        ]),
        ansis.dim,
      ),
      '',
    ];
  });
}

/** Who occurs in measurements, in the order of the systems. */
function contestantsOf(measurements: readonly Measurement[]): Contestant[] {
  const found = new Map(measurements.map((row) => [`${row.system} ${row.threads}`, row]));
  return [...found.values()].toSorted(
    (a, b) => systemNames.indexOf(a.system) - systemNames.indexOf(b.system) || a.threads - b.threads,
  );
}

/** What the columns mean. */
export function legendLines(width: number): string[] {
  const text =
    'Milliseconds a step, or as said: median, least and most of the runs, which all systems take in turns. The number ' +
    'behind a system is its threads. first: the first step, with tracing and compiling where a system does. of peak: the ' +
    'products and convolutions of a step, as a share of what 128-bit multiply-adds reach on as many threads, measured ' +
    'between the runs. ×: how many times as fast. loss: after the same steps from the same weights on the same data, and ' +
    'how far the others are from it.';
  return wrap(text, width).map((line) => ansis.dim(line));
}
