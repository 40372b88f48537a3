import { apply, maximum, record, tensor, type Tensor, type ValueType } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { simplify } from '../../src/index.ts';
import type { KernelProgram } from '../../src/kernel.ts';
import { attach } from '../../src/passes/attach.ts';
import { cutDepth } from '../../src/passes/cut-depth.ts';
import { failures } from '../../src/passes/failures.ts';
import { fuse } from '../../src/passes/fuse.ts';
import { group } from '../../src/passes/group.ts';
import { hoist } from '../../src/passes/hoist.ts';
import { pack } from '../../src/passes/pack.ts';
import { plan } from '../../src/passes/plan.ts';
import { formatKernel } from '../../src/passes/print.ts';
import { verifyKernels } from '../../src/passes/verify.ts';

const passes = { hoist, group, attach, cutDepth, pack };
type Body = (...x: readonly Tensor[]) => Tensor[];

/** A program after some of the passes, in their order. */
function after(
  names: readonly (keyof typeof passes)[],
  types: readonly ValueType[],
  body: Body,
): KernelProgram {
  let program = fuse(simplify(record(types, body).program));
  for (const name of names) {
    program = passes[name](program);
    verifyKernels(name, program);
  }
  return program;
}

const textOf = ({ kernels }: KernelProgram): string[] => kernels.map(formatKernel);
const float = (...shape: number[]): ValueType => ({ shape, dtype: 'float32' });
const state = (...shape: number[]): Tensor =>
  tensor(new Float32Array(shape.reduce((size, n) => size * n, 1))).reshape(shape);

describe('hoist', () => {
  it('moves loops over a few numbers to the front, but not past a reader of an old state', () => {
    const [rate, count] = [state(1), state(1)];
    const body: Body = (x) => {
      const y = x!.matmul(x!).mul(count);
      count.assign(count.add(1));
      return [y, y.cumsum(0).mul(rate.sqrt())];
    };
    const names = (text: string): string => /sqrt|add|matmul|cumSum|mul/.exec(text)![0];
    expect(textOf(after(['hoist'], [float(64, 64)], body)).map(names)).toEqual([
      'sqrt',
      'matmul',
      'mul',
      'add',
      'cumSum',
      'mul',
    ]);
  });
});

describe('failures', () => {
  it('finds that the gradient of a lookup cannot fail', () => {
    const index: ValueType = { shape: [7], dtype: 'int32' };
    const program = after([], [float(5, 3), index, float(7, 3)], (x, i, g) => [
      apply('take', [x!, i!], { axis: 0 }),
      apply('scatterAdd', [i!, g!], { axis: 0, size: 5 }),
      apply('scatterAdd', [i!, g!], { axis: 0, size: 6 }),
    ]);
    expect(program.kernels.map((kernel) => failures(program.kernels).has(kernel))).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe('attach', () => {
  const steps = ['hoist', 'group', 'attach'] as const;

  it('computes bias and activation in the blocks of a product, and leaves the product out', () => {
    const program = after(steps, [float(64, 50), float(50, 40), float(40)], (x, w, b) => {
      const z = x!.matmul(w!).add(b!);
      return [maximum(z, 0), z];
    });
    expect(program.kernels).toHaveLength(1);
    const [kernel] = textOf(program);
    expect(kernel!.split('\n')).toHaveLength(3);
    expect(kernel).toContain('%3 = matmul %0[50,1+0] %1[40,1+0], in blocks:');
    expect(program.buffers.has(3)).toBe(false);
  });

  it('keeps a product that a reduction reads too', () => {
    const program = after(steps, [float(64, 50), float(50, 40)], (x, w) => {
      const y = x!.matmul(w!);
      return [y.mul(2), y.sum(1)];
    });
    expect(program.kernels.map(({ kind }) => kind)).toEqual(['matmul', 'reduce']);
    expect(program.buffers.has(2)).toBe(true);
  });

  it('reads a product through a reshape and a permutation', () => {
    const [kernel] = textOf(
      after(steps, [float(6, 20, 30), float(6, 30, 40)], (x, y) => [
        x!.matmul(y!).reshape([2, 3, 20, 40]).permute([0, 2, 1, 3]).mul(2),
      ]),
    );
    expect(kernel).toContain('[2400,40,120,1+0] = [2, 3, 20, 40] mul(');
  });

  it('does not follow a loop that goes through the product in another order of columns', () => {
    const program = after(steps, [float(64, 50), float(50, 40)], (x, w) => [x!.matmul(w!).flip([1]).exp()]);
    expect(program.kernels.map(({ kind }) => kind)).toEqual(['matmul', 'map']);
  });

  it('updates a weight, in its own place, where its gradient is computed', () => {
    const [w, v] = [state(40, 50), state(40, 50)];
    const program = after(steps, [float(64, 50), float(64, 40)], (x, g) => {
      const back = g!.matmul(w);
      v.assign(v.mul(0.9).add(g!.T.matmul(x!)));
      w.assign(w.sub(v.mul(0.1)));
      return [back];
    });
    expect(program.kernels.map(({ kind }) => kind)).toEqual(['matmul', 'matmul']);
    const { stores, places } = plan(program, () => false);
    expect(stores).toEqual([]);
    expect([...places.values()].filter(({ base }) => base === 'state')).toHaveLength(4);
  });

  it('waits with an update until the last reader of the old weight', () => {
    const w = state(40, 50);
    const program = after(steps, [float(64, 50), float(64, 40)], (x, g) => {
      const gradient = g!.T.matmul(x!);
      const back = g!.matmul(w);
      w.assign(w.sub(gradient));
      return [back];
    });
    const [first, second] = textOf(program);
    expect(first).toMatch(/^%\d+ = matmul %1\[40,1\+0\] %2\[50,1\+0\]$/);
    expect(second).toContain('sub(%2[50,1+0], ');
    expect(plan(program, () => false).stores).toEqual([]);
  });

  it('computes a product that is smaller than its factors as soon as they are there', () => {
    const program = after(['attach'], [float(640, 40), float(640, 30)], (x, y) => {
      const z = apply('cumSum', [x!], { axis: 0, reverse: false });
      return [z, x!.T.matmul(y!)];
    });
    expect(program.kernels.map(({ kind }) => kind)).toEqual(['matmul', 'primitive']);
  });

  it('does not move a product past another one that reads it', () => {
    const program = after(steps, [float(64, 64)], (x) => {
      const y = x!.matmul(x!);
      const z = apply('cumSum', [y], { axis: 0, reverse: false });
      return [y.add(z.exp().sum()), z];
    });
    expect(program.kernels.map(({ kind }) => kind)).toEqual(['matmul', 'primitive', 'reduce', 'map']);
  });
});

describe('cutDepth', () => {
  it('cuts a long depth into blocks that one loop adds up in order', () => {
    const program = after(['group', 'attach', 'cutDepth'], [float(1100, 40), float(1100, 32)], (x, g) => [
      x!.T.matmul(g!).mul(2),
    ]);
    expect(program.kernels.map(({ kind }) => kind)).toEqual(['matmul', 'matmul', 'map']);
    const [parts, rest, sum] = textOf(program);
    expect(parts).toContain('matmul %0[10240,1,40+0] %1[8192,32,1+0]');
    expect(rest).toContain('matmul %0[1,40+40960] %1[32,1+32768]');
    expect(sum!.match(/add\(/g)).toHaveLength(4);
  });
});

describe('pack', () => {
  const steps = ['group', 'attach', 'cutDepth', 'pack'] as const;

  it('reads both factors of a gradient where they lie', () => {
    const program = after(steps, [float(64, 48), float(64, 40)], (x, g) => [g!.T.matmul(x!)]);
    expect(program.kernels.map(({ kind }) => kind)).toEqual(['matmul']);
  });

  it('packs a transposed weight once for all chunks, beside what comes before the product', () => {
    const program = after(steps, [float(2048, 64), float(96, 64)], (x, w) => [
      apply('cumSum', [x!], { axis: 1, reverse: false }).matmul(w!.T),
    ]);
    expect(textOf(program)).toEqual([
      '%5 = [64, 96] panels of %1[1,64+0]',
      '%2 = cumSum %0[64,1+0]',
      '%4 = matmul %2[64,1+0] panels %5',
    ]);
  });

  it('computes what is packed on its way into the panels', () => {
    const bytes: ValueType = { shape: [96, 64], dtype: 'uint8' };
    const program = after(steps, [float(2048, 64), bytes], (x, w) => [
      x!.matmul(w!.cast('float32').div(255).T),
    ]);
    expect(program.kernels.map(({ kind }) => kind)).toEqual(['pack', 'matmul']);
    expect(textOf(program)[0]).toContain('panels of div(float32(%1[1,64+0]), 255)');
  });

  it('leaves what others read as well in a buffer of its own', () => {
    const program = after(steps, [float(2048, 64), float(96, 64)], (x, w) => {
      const y = w!.exp();
      return [x!.matmul(y.T), y];
    });
    expect(program.kernels.map(({ kind }) => kind)).toEqual(['map', 'pack', 'matmul']);
  });

  it('fills vectors with the factor that is cheaper to pack', () => {
    const [kernel] = after(steps, [float(64, 784), float(256, 784)], (x, w) => [x!.matmul(w!.T)]).kernels;
    expect(kernel).toMatchObject({ kind: 'pack', shape: [784, 64] });
  });
});
