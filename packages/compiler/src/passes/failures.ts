import { sizeOf } from '@nadir/tensor';
import type { Kernel } from '../kernel.ts';

/**
 * Kernels that may find an index out of range. One that looks up by numbers which a kernel before it has found good for an axis of the same
 * size is not among them, as the gradient of a lookup never is.
 */
export function failures(kernels: readonly Kernel[]): ReadonlySet<Kernel> {
  const known = new Set<string>();
  const failing = new Set<Kernel>();
  for (const kernel of kernels) {
    if (kernel.kind !== 'primitive') continue;
    const { node, operands } = kernel;
    if (node.primitive !== 'take' && node.primitive !== 'scatterAdd') continue;
    const isTake = node.primitive === 'take';
    const indices = operands[isTake ? 1 : 0]!;
    const size = isTake ? operands[0]!.shape[node.attributes.axis]! : node.attributes.size;
    const check = `${indices.buffer} ${indices.offset} ${sizeOf(indices.shape)} ${size}`;
    if (!known.has(check)) failing.add(kernel);
    known.add(check);
  }
  return failing;
}
