import type { PrimitiveAttributes, PrimitiveName } from '../primitives.ts';
import type { Tensor } from '../tensor.ts';
import { contractionKernels } from './contraction.ts';
import { elementwiseKernels } from './elementwise.ts';
import { gatherKernels } from './gather.ts';
import { generationKernels } from './generation.ts';
import type { Kernel, KernelTable } from './kernel.ts';
import { allocateFor, copyElements } from './layout.ts';
import { contiguousStrides } from '../shape.ts';
import { movementKernels } from './movement.ts';
import { poolKernels } from './pool.ts';
import { reductionKernels } from './reduction.ts';
import { scanKernels } from './scan.ts';

const kernels: KernelTable = {
  ...elementwiseKernels,
  ...movementKernels,
  ...reductionKernels,
  ...scanKernels,
  ...contractionKernels,
  ...poolKernels,
  ...gatherKernels,
  ...generationKernels,
};

// V8 finds a name that varies faster in a map than among the properties of an object.
const kernelOf: ReadonlyMap<string, unknown> = new Map(Object.entries(kernels));

/** Runs one primitive at once. */
export function runPrimitive<P extends PrimitiveName>(
  name: P,
  inputs: readonly Tensor[],
  attributes: PrimitiveAttributes[P],
): Tensor {
  return (kernelOf.get(name) as Kernel<P>)(inputs, attributes);
}

/** Copies the elements of `value` into those that `target` shows. */
export function writeInto(target: Tensor, value: Tensor): void {
  const source = value.storage.read();
  if (target.storage !== value.storage) {
    copyElements(source, value, target.storage.write(), target, target.shape);
    return;
  }
  // A view of the target's own storage is read whole before anything is written.
  const whole = allocateFor(value.shape, value.dtype);
  const rowMajor = { strides: contiguousStrides(value.shape), offset: 0 };
  copyElements(source, value, whole, rowMajor, value.shape);
  copyElements(whole, rowMajor, target.storage.write(), target, target.shape);
}
