import { record, tensor, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { simplify } from '../../src/index.ts';
import { writesOf } from '../../src/kernel.ts';
import { fuse } from '../../src/passes/fuse.ts';
import { KernelGraph } from '../../src/passes/graph.ts';

function graphOf(body: (x: Tensor) => Tensor[]): KernelGraph {
  const { program } = record([{ shape: [8, 8], dtype: 'float32' }], (x) => body(x!));
  return new KernelGraph(fuse(simplify(program)));
}

describe('KernelGraph', () => {
  it('joins two kernels where none must run between them', () => {
    // Three kernels: sum, cumulative sum of it, and a sum of both.
    const graph = graphOf((x) => {
      const sum = x.sum(1);
      return [sum.cumsum(0).add(sum), x.exp()];
    });
    const [sum, scan, both, exp] = graph.nodes();
    expect(graph.canJoin(sum!, both!)).toBe(false);
    expect(graph.canJoin(sum!, scan!)).toBe(true);
    expect(graph.canJoin(sum!, exp!)).toBe(true);
  });

  it('keeps an order in which everything is computed before it is read', () => {
    const graph = graphOf((x) => {
      const [a, b] = [x.sum(1), x.cumsum(0)];
      return [a.cumsum(0), b.cumsum(1), x.prod(0)];
    });
    const [a, b, afterA, afterB, last] = graph.nodes();
    graph.join(a!, last!, a!.kernel);
    expect(graph.nodes()).toEqual(
      [b, afterB, a, afterA].toSorted((m, n) => (graph.isBefore(m!, n!) ? -1 : 1)),
    );
    expect(graph.isBefore(a!, afterA!)).toBe(true);
    expect(graph.isBefore(b!, afterB!)).toBe(true);
    expect([...graph.readersOf(writesOf(a!.kernel)[0]!)]).toEqual([afterA]);
  });

  it('does not let a new value of a state overtake a reader of the old one', () => {
    const state = tensor(new Float32Array(8));
    const graph = graphOf((x) => {
      const old = state.cumsum(0);
      state.assign(x.sum(1));
      return [old.exp()];
    });
    const [reader, writer] = graph.nodes();
    expect(reader!.after.has(writer!)).toBe(true);
  });
});
