import { byteSize, sizeOf } from '@nadir/tensor';
import { createPeak } from '@nadir/wasm';
import { readsOf, visitElements, writesOf, type Element, type Kernel, type KernelProgram } from './kernel.ts';

/** How long one kernel of a program took in one call. */
export interface KernelTime {
  /** Its number and what it computes. */
  readonly name: string;
  readonly ms: number;
  /** Additions, multiplications and other arithmetic of one call; a function such as exp counts as one. */
  readonly flops: number;
  /** Bytes of the buffers that it reads and writes. */
  readonly bytes: number;
}

function pointsOf(elements: readonly Element[]): number {
  let points = 0;
  visitElements(elements, ({ kind }) => (points += Number(kind === 'point' || kind === 'fold')));
  return points;
}

/** Arithmetic of a kernel, from its shapes. */
function flopsOf(kernel: Kernel): number {
  switch (kernel.kind) {
    case 'map':
    case 'rows':
      return sizeOf(kernel.shape) * pointsOf(kernel.roots.map((root) => root.element));
    case 'reduce':
      return sizeOf(kernel.shape) * (1 + pointsOf([kernel.element]));
    case 'fill':
      return 0;
    case 'convolution': {
      // Each place of each filter meets every tap once, in all three directions.
      const { batch, groups, channels, filters, kernel: window, places } = kernel.geometry;
      return 2 * batch * groups * channels * filters * sizeOf(window) * sizeOf(places);
    }
    case 'matmul': {
      const points = pointsOf(kernel.roots.map((root) => root.element));
      return sizeOf(kernel.batch) * kernel.m * kernel.n * (2 * kernel.k + points);
    }
    case 'pack':
      return sizeOf(kernel.shape) * pointsOf([kernel.element]);
    case 'primitive':
      return sizeOf(kernel.node.type.shape);
  }
}

/** What a kernel does in one call. */
export function workOf(kernel: Kernel, { buffers }: KernelProgram): { flops: number; bytes: number } {
  let bytes = 0;
  for (const id of new Set([...readsOf(kernel), ...writesOf(kernel)])) {
    const { dtype, size } = buffers.get(id)!;
    bytes += size * byteSize(dtype);
  }
  return { flops: flopsOf(kernel), bytes };
}

/** The mean times of some calls as a table, the longest first. */
export function formatProfile(calls: readonly (readonly KernelTime[])[], threads: number): string {
  const count = calls.length;
  const peak = threads * Math.max(...Array.from({ length: 5 }, createPeak()));
  const rows = calls[0]!
    .map(({ name, flops, bytes }, index) => {
      const ms = calls.reduce((sum, call) => sum + call[index]!.ms, 0) / count;
      return { name, ms, gflops: flops / ms / 1e6, gbytes: bytes / ms / 1e6 };
    })
    .sort((a, b) => b.ms - a.ms);
  const total = rows.reduce((sum, { ms }) => sum + ms, 0);
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 5 ? cell : cell.padStart([9, 7, 8, 7, 6][i]!))).join(' ');
  const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
  return [
    `${total.toFixed(3)} ms in kernels, mean of ${count} calls, ${threads} thread${threads === 1 ? '' : 's'}, peak ${peak.toFixed(0)} GFLOP/s`,
    line(['ms', 'share', 'GFLOP/s', 'of peak', 'GB/s', 'kernel']),
    ...rows.map(({ name, ms, gflops, gbytes }) =>
      line([
        ms.toFixed(4),
        percent(ms / total),
        gflops.toFixed(1),
        percent(gflops / peak),
        gbytes.toFixed(1),
        name,
      ]),
    ),
  ].join('\n');
}
