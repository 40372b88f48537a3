import { CliError } from '../cli-error.ts';
import type { Entrant } from './contest.ts';
import { MeasuringProcess } from './measuring-process.ts';
import { isPeer, type Contestant, type SystemName } from './system.ts';

/** What {@link openField} is given beside the contestants. */
export interface FieldOptions {
  /** The interpreter of torch. */
  readonly python: string;
  /** Fail where another library is missing, instead of going on without it. */
  readonly requirePeers: boolean;
}

/** A system that cannot be measured here, and how to change that. */
export interface MissingSystem {
  readonly system: SystemName;
  readonly reason: string;
}

/** The processes that measure. */
export interface Field {
  readonly entrants: readonly Entrant[];
  readonly missing: readonly MissingSystem[];
  /** Versions of the other libraries that are there. */
  readonly versions: ReadonlyMap<SystemName, string>;
  /** What independent 128-bit multiply-adds reach on so many threads, in GFLOP/s. */
  peak(threads: number): Promise<number>;
  /** Ends all processes, whatever they do. */
  end(): void;
}

/** Some 20 ms: long enough that processes that start a little apart still run beside each other. */
const peakSamples = 5;

/**
 * Starts a process for every contestant, and one for every thread of the peak.
 *
 * @throws CliError where one of Nadir's own does not start, another library with `requirePeers`, or none is left.
 */
export async function openField(
  contestants: readonly Contestant[],
  { python, requirePeers }: FieldOptions,
): Promise<Field> {
  const processes: MeasuringProcess[] = [];
  const end = (): void => processes.forEach((process) => process.end());
  const start = async (system: Contestant['system'] | 'peak', threads: number): Promise<MeasuringProcess> => {
    const process = await MeasuringProcess.start({ system, threads, python });
    processes.push(process);
    return process;
  };
  const startPeak = async (): Promise<MeasuringProcess> => {
    const process = await start('peak', 1);
    await process.ask({ do: 'open', workload: '', data: '' });
    return process;
  };
  const most = Math.max(...contestants.map(({ threads }) => threads));
  const [started, peaks] = await Promise.all([
    Promise.allSettled(contestants.map(({ system, threads }) => start(system, threads))),
    Promise.all(Array.from({ length: most }, startPeak)),
  ]).catch((error: unknown) => {
    end();
    throw error;
  });

  const entrants: Entrant[] = [];
  const versions = new Map<SystemName, string>();
  const missing = new Map<SystemName, string>();
  for (const [index, result] of started.entries()) {
    const contestant = contestants[index]!;
    const { system } = contestant;
    if (result.status === 'fulfilled') {
      entrants.push({ ...contestant, process: result.value });
      if (isPeer(system)) versions.set(system, result.value.version);
    } else {
      const reason = (result.reason as Error).message;
      if (requirePeers || !isPeer(system)) {
        end();
        throw new CliError(`${system} cannot be measured: ${reason}`);
      }
      missing.set(system, reason);
    }
  }
  return {
    entrants,
    versions,
    missing: Array.from(missing, ([system, reason]) => ({ system, reason })),
    async peak(threads) {
      const used = peaks.slice(0, threads);
      await Promise.all(used.map((process) => process.ask({ do: 'run', steps: peakSamples })));
      const rates = await Promise.all(used.map((process) => process.ask({ do: 'value' })));
      return rates.reduce((sum, { value }) => sum + value!, 0);
    },
    end,
  };
}
