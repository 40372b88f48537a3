import { createWasmExecutor, setThreads, type WasmExecutorOptions } from '@nadir/compiler';
import { createPeak } from '@nadir/wasm';
import { median } from '../statistics.ts';
import { openCompiled } from './nadir-system.ts';
import type { Workload } from './workload.ts';

type KernelTimes = Parameters<NonNullable<WasmExecutorOptions['profile']>>[0];

/** What kernels that do the same work take, as those of the layers of a network. */
export interface KernelProfile {
  readonly kernel: string;
  readonly count: number;
  /** Of all of them together: medians of the calls. */
  readonly ms: number;
  /** Of the time of all kernels. */
  readonly share: number;
  readonly gflops: number;
  readonly gbytesPerSecond: number;
}

/** Where the time of a compiled step goes. */
export interface StepProfile {
  readonly workload: string;
  readonly threads: number;
  readonly calls: number;
  /** What independent 128-bit multiply-adds reach on one thread, times the threads. */
  readonly peakGflops: number;
  /** The longest first. */
  readonly kernels: readonly KernelProfile[];
}

/** Milliseconds to warm up, and to measure. */
const [warmMs, measuredMs] = [500, 1000];
const leastCalls = 3;

/** Times every kernel of a compiled step. The step itself is slower meanwhile. */
export function profileStep(workload: Workload, threads: number): StepProfile {
  setThreads(threads);
  let calls: KernelTimes[] = [];
  const executor = createWasmExecutor({ profile: (times) => calls.push(times) });
  const subject = openCompiled(workload.make(), executor);
  const run = (ms: number): void => {
    calls = [];
    const end = performance.now() + ms;
    while (calls.length < leastCalls || performance.now() < end) void subject.run(1);
  };
  run(warmMs);
  run(measuredMs);
  subject.close();
  const peak = createPeak();
  return {
    workload: workload.name,
    threads,
    calls: calls.length,
    peakGflops: threads * median(Array.from({ length: 5 }, peak)),
    kernels: kernelProfiles(calls),
  };
}

/** Sums up kernels of one name, but for its number, and equal work. */
export function kernelProfiles(calls: readonly KernelTimes[]): readonly KernelProfile[] {
  const groups = new Map<
    string,
    { kernel: string; count: number; ms: number; flops: number; bytes: number }
  >();
  for (const [index, { name, flops, bytes }] of calls[0]!.entries()) {
    const kernel = name.replace(/^k\d+_/, '');
    const key = JSON.stringify([kernel, flops, bytes]);
    const group = groups.get(key) ?? { kernel, count: 0, ms: 0, flops: 0, bytes: 0 };
    group.count++;
    group.ms += median(calls.map((call) => call[index]!.ms));
    group.flops += flops;
    group.bytes += bytes;
    groups.set(key, group);
  }
  const total = Array.from(groups.values(), ({ ms }) => ms).reduce((sum, ms) => sum + ms, 0);
  return Array.from(groups.values(), ({ kernel, count, ms, flops, bytes }) => ({
    kernel,
    count,
    ms,
    share: ms / total,
    gflops: flops / ms / 1e6,
    gbytesPerSecond: bytes / ms / 1e6,
  })).toSorted((a, b) => b.ms - a.ms);
}
