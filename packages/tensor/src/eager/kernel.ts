import type { PrimitiveAttributes, PrimitiveName } from '../primitives.ts';
import type { Tensor } from '../tensor.ts';

/** Runs a primitive at once. Operands are checked and may be views; the result is a view of one or a new tensor. */
export type Kernel<P extends PrimitiveName> = (
  inputs: readonly Tensor[],
  attributes: PrimitiveAttributes[P],
) => Tensor;

/** One kernel per primitive of `Names`. */
export type KernelTable<Names extends PrimitiveName = PrimitiveName> = { readonly [P in Names]: Kernel<P> };
