import type { MovementName, PrimitiveAttributes } from '../primitives.ts';
import { contiguousStrides, type Shape } from '../shape.ts';
import { Tensor, type ViewLink } from '../tensor.ts';
import { infer } from '../inference.ts';
import { viewLayout, type Layout } from '../view.ts';
import type { Kernel, KernelTable } from './kernel.ts';
import { allocateFor, copyElements, fresh, readContiguous } from './layout.ts';

/** The tensor that shows `layout` of the storage of `source`. */
export function viewOf<P extends MovementName>(
  name: P,
  source: Tensor,
  attributes: PrimitiveAttributes[P],
  layout: Layout,
): Tensor {
  // The link must not keep a graph alive, so it holds no history.
  const base = source.history === null ? source : source.detach();
  const link = { source: base, name, attributes } as unknown as ViewLink;
  return new Tensor(source.storage, layout.shape, layout.strides, layout.offset, link);
}

function movement<P extends MovementName>(name: P): Kernel<P> {
  return (inputs, attributes) => {
    const x = inputs[0]!;
    const layout = viewLayout(name, x, attributes);
    if (layout !== null) return viewOf(name, x, attributes, layout);
    const { shape, dtype } = infer(name, inputs, attributes);
    return fresh(readContiguous(x), shape, dtype);
  };
}

/** Writes `x` into the part of `target`, laid out row-major as `shape`, that begins at `starts` with `steps`. */
function writePart(x: Tensor, target: Tensor, starts: readonly number[], steps: readonly number[]): void {
  const strides = contiguousStrides(target.shape);
  let offset = 0;
  for (let axis = 0; axis < strides.length; axis++) offset += starts[axis]! * strides[axis]!;
  const part = { strides: strides.map((stride, axis) => stride * steps[axis]!), offset };
  copyElements(x.storage.read(), x, target.storage.read(), part, x.shape);
}

function filled(shape: Shape, dtype: Tensor['dtype'], value: number): Tensor {
  const array = allocateFor(shape, dtype);
  if (value !== 0) array.fill(value);
  return fresh(array, shape, dtype);
}

export const movementKernels: KernelTable<MovementName | 'pad' | 'concat'> = {
  reshape: movement('reshape'),
  permute: movement('permute'),
  expand: movement('expand'),
  slice: movement('slice'),
  flip: movement('flip'),
  pad: (inputs, attributes) => {
    const { shape, dtype } = infer('pad', inputs, attributes);
    const out = filled(shape, dtype, attributes.value);
    writePart(
      inputs[0]!,
      out,
      attributes.low,
      attributes.interior.map((gap) => gap + 1),
    );
    return out;
  },
  concat: (inputs, attributes) => {
    const { shape, dtype } = infer('concat', inputs, attributes);
    const out = filled(shape, dtype, 0);
    const ones = shape.map(() => 1);
    let start = 0;
    for (const input of inputs) {
      writePart(
        input,
        out,
        shape.map((_, axis) => (axis === attributes.axis ? start : 0)),
        ones,
      );
      start += input.shape[attributes.axis]!;
    }
    return out;
  },
};
