import { byteSize, contiguousStrides, type ValueId } from '@nadir/tensor';
import { DEPTH_BLOCK } from '@nadir/wasm';
import type { Affine, Element, Kernel, KernelProgram, MapKernel, MatmulKernel } from '../kernel.ts';
import { replaceLoads } from './places.ts';

/** Blocks of the depth from which on a product is split, and up to which: all of them are loads of one loop. */
const fewestBlocks = 4;
const mostBlocks = 32;
/** Bytes of a product up to which its parts are near when they are added up. */
const mostBytes = 2 ** 20;

/**
 * Whether neighbours in memory run across the depth in both factors, as in the gradient of a weight. Then a block of the depth is one piece of
 * memory, while a block of rows is a narrow strip through all of it, every line of which comes late.
 */
function isDeep({ batch, m, n, k, dtype, a, b }: MatmulKernel): boolean {
  const blocks = Math.ceil(k / DEPTH_BLOCK);
  return (
    batch.length === 0 &&
    blocks >= fewestBlocks &&
    blocks <= mostBlocks &&
    m * n * byteSize(dtype) <= mostBytes &&
    a.at.strides.at(-2) === 1 &&
    b.at.strides.at(-1) === 1
  );
}

/** A product over some of the depth that is stored at `offset` of a buffer, as often as there are blocks, one behind the other. */
function partOf(
  kernel: MatmulKernel,
  value: ValueId,
  buffer: ValueId,
  { from, depth, count }: { readonly from: number; readonly depth: number; readonly count: number },
): MatmulKernel {
  const { m, n, dtype } = kernel;
  const along = (factor: MatmulKernel['a'], step: number): MatmulKernel['a'] => ({
    ...factor,
    at: {
      strides: count === 1 ? factor.at.strides : [depth * step, ...factor.at.strides],
      offset: factor.at.offset + from * step,
    },
  });
  const at: Affine = { strides: [n, 1], offset: 0 };
  const root = { ...at, offset: (from / DEPTH_BLOCK) * m * n };
  return {
    ...kernel,
    value,
    batch: count === 1 ? [] : [count],
    k: depth,
    a: along(kernel.a, kernel.a.at.strides.at(-1)!),
    b: along(kernel.b, kernel.b.at.strides.at(-2)!),
    shape: [count * m, n],
    roots: [{ buffer, element: { kind: 'load', dtype, buffer: value, at }, at: root, whole: false }],
  };
}

/**
 * Products over a long depth as products over its blocks, side by side, and a loop that adds these up in the order in which one product
 * would have: to the same bits. What was attached to the product becomes part of that loop.
 */
export function cutDepth(program: KernelProgram): KernelProgram {
  const buffers = new Map(program.buffers);
  let next: ValueId = Math.max(-1, ...buffers.keys()) + 1;
  const kernels = program.kernels.flatMap((kernel): Kernel[] => {
    if (kernel.kind !== 'matmul' || !isDeep(kernel)) return [kernel];
    const { m, n, k, dtype, value, shape, roots } = kernel;
    const whole = Math.floor(k / DEPTH_BLOCK);
    const blocks = Math.ceil(k / DEPTH_BLOCK);
    const buffer = next++;
    buffers.set(buffer, { id: buffer, dtype, size: blocks * m * n, origin: 'kernel', index: -1 });
    const parts = [partOf(kernel, next++, buffer, { from: 0, depth: DEPTH_BLOCK, count: whole })];
    const from = whole * DEPTH_BLOCK;
    if (from < k) parts.push(partOf(kernel, next++, buffer, { from, depth: k - from, count: 1 }));
    const strides = contiguousStrides(shape);
    const load = (block: number): Element => ({
      kind: 'load',
      dtype,
      buffer,
      at: { strides, offset: block * m * n },
    });
    let sum = load(0);
    for (let block = 1; block < blocks; block++)
      sum = { kind: 'point', dtype, name: 'add', operands: [sum, load(block)] };
    const total: MapKernel = {
      kind: 'map',
      shape,
      roots: replaceLoads(roots, (element) => (element.buffer === value ? sum : element)),
    };
    return [...parts, total];
  });
  return { ...program, buffers, kernels };
}
