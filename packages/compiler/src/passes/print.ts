import { formatShape, type Shape } from '@nadir/tensor';
import type { Affine, Element, Kernel, KernelProgram, Root } from '../kernel.ts';

function formatAffine({ strides, offset }: Affine): string {
  return `${strides.join()}+${offset}`;
}

/** An element as text: `add(%0[3,1+0], 1)`, where a load shows its strides and its offset. */
function formatElement(element: Element): string {
  switch (element.kind) {
    case 'load':
      return `%${element.buffer}[${formatAffine(element.at)}]`;
    case 'constant':
      return Object.is(element.value, -0) ? '-0' : String(element.value);
    case 'index':
      return `index[${formatAffine(element.at)}]`;
    case 'point': {
      const name = element.name === 'cast' ? element.dtype : element.name;
      return `${name}(${element.operands.map(formatElement).join(', ')})`;
    }
  }
}

function formatRoots({ shape, roots }: { readonly shape: Shape; readonly roots: readonly Root[] }): string {
  return roots
    .map(({ buffer, element, at, whole }) => {
      const part = whole ? '' : `[${formatAffine(at)}]`;
      return `%${buffer}${part} = ${formatShape(shape)} ${formatElement(element)}`;
    })
    .join('\n  ');
}

/** A kernel as text, one line for each buffer that it writes. */
export function formatKernel(kernel: Kernel): string {
  switch (kernel.kind) {
    case 'map':
      return formatRoots(kernel);
    case 'matmul': {
      const factors = [kernel.a, kernel.b].map((factor, i) => {
        const isPacked = kernel.columns === 'panels' && (i === 0) === (kernel.vectors === 'a');
        return isPacked ? `panels %${factor.buffer}` : formatElement(factor);
      });
      const product = `%${kernel.value} = matmul ${factors.join(' ')}`;
      const isAlone =
        kernel.roots.length === 1 && kernel.roots[0]!.buffer === kernel.value && kernel.roots[0]!.whole;
      return isAlone ? product : `${product}, in blocks:\n  ${formatRoots(kernel)}`;
    }
    case 'pack':
      return `%${kernel.buffer} = ${formatShape(kernel.shape)} panels of ${formatElement(kernel.element)}`;
    case 'reduce': {
      const over = `${kernel.name} over ${formatShape(kernel.axes)}`;
      return `%${kernel.buffer} = ${formatShape(kernel.shape)} ${over} of ${formatElement(kernel.element)}`;
    }
    case 'fill':
      return `%${kernel.buffer} = fill ${kernel.value}`;
    case 'primitive': {
      const operands = kernel.operands.map((view) => `%${view.buffer}[${formatAffine(view)}]`);
      return `%${kernel.buffer} = ${kernel.node.primitive} ${operands.join(' ')}`;
    }
    case 'convolution': {
      const { batch, groups, channels, filters, height, width, kernel: window, places } = kernel.geometry;
      const from = `${batch}×${groups}×${channels}×${height}×${width}`;
      const to = `${filters}×${places.join('×')}`;
      const operands = kernel.operands.map((view) => `%${view.buffer}`);
      return `%${kernel.buffer} = convolution ${kernel.part} ${from} by ${window.join('×')} to ${to} ${operands.join(' ')}`;
    }
  }
}

/** The kernels of a program as text, in the order in which they run. */
export function formatKernels({ kernels, results, writes }: KernelProgram): string {
  const lines = kernels.map((kernel, index) => `k${index}: ${formatKernel(kernel)}`);
  for (const { state, buffer } of writes) lines.push(`write state ${state} <- %${buffer}`);
  lines.push(`return${results.map((id) => ` %${id}`).join('')}`);
  return lines.join('\n');
}
