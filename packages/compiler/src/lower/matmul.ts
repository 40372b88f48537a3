import { byteSize, contiguousStrides } from '@nadir/tensor';
import { call, i32, memory, type FunctionBuilder } from '@nadir/wasm';
import type { PrimitiveKernel } from '../kernel.ts';
import { addressOf, bufferOf, pointerTo, scratchStart, type Lowering } from './lowering.ts';
import { mergeAxes, walkAxes } from './nest.ts';

/** Emits matrix products over the leading axes, with the strides of the operands as they are. */
export function emitMatmul(lowering: Lowering, f: FunctionBuilder, kernel: PrimitiveKernel): void {
  const [a, b] = kernel.operands as readonly [PrimitiveKernel['operands'][0], PrimitiveKernel['operands'][0]];
  const { shape, dtype } = kernel.node.type;
  const rank = shape.length;
  const [m, n, k] = [shape[rank - 2]!, shape[rank - 1]!, a.shape[rank - 1]!];
  const bytes = byteSize(dtype);
  if (k === 0) {
    f.do(
      memory.fill(pointerTo(lowering, f, kernel.buffer), 0, bufferOf(lowering, kernel.buffer).size * bytes),
    );
    return;
  }
  const { gemm } = lowering.gemm(dtype === 'float64' ? 'f64' : 'f32');
  const batch = shape.slice(0, -2);
  const order = batch.map((_, axis) => axis);
  const strides = [a.strides, b.strides, contiguousStrides(shape)];
  const nest = mergeAxes(
    batch,
    order,
    order.length,
    strides.map((all) => ({ strides: all.slice(0, -2), offset: 0 })),
  );
  const steps = nest.strides.map((all) => all.map((stride) => stride * bytes));
  const starts = [
    addressOf(lowering, f, a.buffer, a.offset),
    addressOf(lowering, f, b.buffer, b.offset),
    addressOf(lowering, f, kernel.buffer),
  ].map(({ base, offset }) => f.let(i32.add(base, offset)));
  const scratch = f.let(scratchStart(lowering));
  walkAxes(f, nest.sizes, 0, nest.sizes.length, starts, steps, ([aAt, bAt, cAt]) => {
    f.do(
      call(gemm, {
        m,
        n,
        k,
        a: aAt!,
        aRowStride: a.strides[rank - 2]!,
        aColumnStride: a.strides[rank - 1]!,
        b: bAt!,
        bRowStride: b.strides[rank - 2]!,
        bColumnStride: b.strides[rank - 1]!,
        c: cAt!,
        cRowStride: n,
        accumulate: 0,
        scratch,
      }),
    );
  });
}
