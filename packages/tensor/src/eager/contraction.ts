import { allocate, allocateUnset } from '../allocation.ts';
import { isFloat } from '../dtype.ts';
import { sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { convolutionKernels } from './convolution.ts';
import type { Kernel, KernelTable } from './kernel.ts';
import { fresh } from './layout.ts';
import { multiplyFloats, multiplyIntegers } from './matrix-product.ts';

/** A leading axis: its size and the operands' strides. */
interface Lead {
  size: number;
  a: number;
  b: number;
}

/** In place of a leading axis where there is none. */
const noLead: Lead = { size: 1, a: 0, b: 0 };

/** The leading axes, merged where both operands step through them as one run. */
function leadsOf(a: Tensor, b: Tensor): Lead[] {
  const leads: Lead[] = [];
  for (let axis = 0; axis < a.rank - 2; axis++) {
    const size = a.shape[axis]!;
    if (size === 1) continue;
    const last = leads.at(-1);
    const aStride = a.strides[axis]!;
    const bStride = b.strides[axis]!;
    if (last !== undefined && last.a === aStride * size && last.b === bStride * size) {
      last.size *= size;
      last.a = aStride;
      last.b = bStride;
    } else leads.push({ size, a: aStride, b: bStride });
  }
  return leads;
}

const matmul: Kernel<'matmul'> = (inputs) => {
  const a = inputs[0]!;
  const b = inputs[1]!;
  const dtype = a.dtype;
  const rank = a.rank;
  let m = a.shape[rank - 2]!;
  const k = a.shape[rank - 1]!;
  const n = b.shape[rank - 1]!;
  const shape = [...a.shape];
  shape[rank - 1] = n;
  // A sum of no products is 0.
  const out = (k === 0 ? allocate : allocateUnset)(dtype, sizeOf(shape));
  if (out.length === 0 || k === 0) return fresh(out, shape, dtype);
  const multiply = isFloat(dtype) ? multiplyFloats : multiplyIntegers;
  const leads = rank === 2 ? [] : leadsOf(a, b);
  // One matrix b for all rows of a: the batch is more rows of one product.
  let rowStride = a.strides[rank - 2]!;
  for (let last = leads.at(-1); last !== undefined && last.b === 0; last = leads.at(-1)) {
    if (m === 1) rowStride = last.a;
    else if (last.a !== m * rowStride) break;
    m *= last.size;
    leads.pop();
  }
  const inner = leads.pop() ?? noLead;
  const left = {
    array: a.storage.read(),
    offset: a.offset,
    rowStride,
    columnStride: a.strides[rank - 1]!,
    batchStride: inner.a,
  };
  const right = {
    array: b.storage.read(),
    offset: b.offset,
    rowStride: b.strides[rank - 2]!,
    columnStride: b.strides[rank - 1]!,
    batchStride: inner.b,
  };
  const size = { batch: inner.size, m, n, k };
  if (leads.length === 0) {
    multiply(size, left, right, out, 0);
    return fresh(out, shape, dtype);
  }
  let at = 0;
  const run = (depth: number, aAt: number, bAt: number): void => {
    const lead = leads[depth];
    if (lead !== undefined) {
      for (let i = 0; i < lead.size; i++) run(depth + 1, aAt + i * lead.a, bAt + i * lead.b);
      return;
    }
    multiply(size, { ...left, offset: aAt }, { ...right, offset: bAt }, out, at);
    at += inner.size * m * n;
  };
  run(0, a.offset, b.offset);
  return fresh(out, shape, dtype);
};

export const contractionKernels: KernelTable<'matmul' | 'conv' | 'convInputGrad' | 'convWeightGrad'> = {
  matmul,
  ...convolutionKernels,
};
