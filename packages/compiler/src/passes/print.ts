import { formatShape } from '@nadir/tensor';
import { operandsOf, type Affine, type Element, type Kernel, type KernelProgram } from '../kernel.ts';

function formatAffine({ strides, offset }: Affine): string {
  return `${strides.join()}+${offset}`;
}

/**
 * An element as text: `add(%0[3,1+0], 1)`, where a load shows its strides and its offset.
 *
 * @param named elements that have a name because they are stored
 */
function formatElement(element: Element, named: ReadonlyMap<Element, string> = new Map()): string {
  switch (element.kind) {
    case 'load':
      return `%${element.buffer}[${formatAffine(element.at)}]`;
    case 'constant':
      return Object.is(element.value, -0) ? '-0' : String(element.value);
    case 'fold':
    case 'point': {
      const name = element.kind === 'point' && element.name === 'cast' ? element.dtype : element.name;
      const operands = operandsOf(element).map((each) => named.get(each) ?? formatElement(each, named));
      return `${name}(${operands.join(', ')})`;
    }
    case 'index':
      return `index[${formatAffine(element.at)}]`;
  }
}

/** A kernel as text, one line for each buffer that it writes. */
export function formatKernel(kernel: Kernel): string {
  switch (kernel.kind) {
    case 'map':
    case 'rows': {
      const rows = kernel.kind === 'rows' ? ` rows over ${formatShape(kernel.axes)} of` : '';
      const named = new Map<Element, string>();
      return kernel.roots
        .map(({ buffer, element, at, whole, down }) => {
          const part = whole && rows === '' ? '' : `[${formatAffine(at)}]`;
          const text = named.get(element) ?? formatElement(element, named);
          if (down === undefined) named.set(element, `%${buffer}`);
          const fold = down === undefined ? '' : ` ${down} down of`;
          return `%${buffer}${part} = ${formatShape(kernel.shape)}${rows}${fold} ${text}`;
        })
        .join('\n  ');
    }
    case 'matmul': {
      const factors = [kernel.a, kernel.b].map((factor, i) => {
        const isPacked = kernel.columns === 'panels' && (i === 0) === (kernel.vectors === 'a');
        return isPacked ? `panels %${factor.buffer}` : formatElement(factor);
      });
      const product = `%${kernel.value} = matmul ${factors.join(' ')}`;
      const { shape, roots } = kernel;
      const isAlone = roots.length === 1 && roots[0]!.buffer === kernel.value && roots[0]!.whole;
      return isAlone ? product : `${product}, in blocks:\n  ${formatKernel({ kind: 'map', shape, roots })}`;
    }
    case 'pack':
      return `%${kernel.buffer} = ${formatShape(kernel.shape)} panels of ${formatElement(kernel.element)}`;
    case 'reduce': {
      const blocks = kernel.block === undefined ? '' : ` in blocks of ${kernel.block}`;
      const over = `${kernel.name} over ${formatShape(kernel.axes)}${blocks}`;
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
      const line = `%${kernel.buffer} = convolution ${kernel.part} ${from} by ${window.join('×')} to ${to} ${operands.join(' ')}`;
      const { epilogue } = kernel;
      return epilogue === undefined ? line : `${line}\n  ${formatKernel({ kind: 'map', ...epilogue })}`;
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
