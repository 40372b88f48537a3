import type { MeasuringProcess } from './measuring-process.ts';

/** Some 20 ms: long enough that processes that start a little apart still run beside each other. */
const samples = 5;

/** What independent 128-bit multiply-adds reach in processes at the same time, in GFLOP/s together. */
export async function peakOf(processes: readonly Pick<MeasuringProcess, 'ask'>[]): Promise<number> {
  await Promise.all(processes.map((process) => process.ask({ do: 'run', steps: samples })));
  const rates = await Promise.all(processes.map((process) => process.ask({ do: 'value' })));
  return rates.reduce((sum, { value }) => sum + value!, 0);
}
