import { apply, none, type Tensor, type ConvolutionAttributes, type Shape } from '@nadir/tensor';
import { sampleTensor } from '@nadir/tensor/testing';
import { describe, expect, it } from 'vitest';
import { gradients, parameter } from '../../src/index.ts';

// Sizes at which the kernels take their fast paths, too large for finite differences. For a linear map A,
// ⟨A·x, g⟩ = ⟨x, Aᵀ·g⟩ holds exactly, and the gradient is Aᵀ·g.

function inner(a: Tensor, b: Tensor): number {
  return a.mul(b).sum().item();
}

/** Holds `f`, linear in each operand, against its gradients. */
function expectAdjoints(f: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]): void {
  const variables = inputs.map((x) => parameter(x));
  const output = f(...variables);
  const seed = sampleTensor(output.shape, 'float64').flip();
  const value = inner(output, seed);
  const found = gradients(output, variables, { seeds: [seed] });
  found.forEach((gradient, i) => {
    expect(gradient.shape).toEqual(inputs[i]!.shape);
    expect(inner(gradient, inputs[i]!)).toBeCloseTo(value, 7);
  });
}

function random(shape: Shape): Tensor {
  return sampleTensor(shape, 'float64');
}

describe('matmul', () => {
  const sizes: readonly (readonly [m: number, k: number, n: number])[] = [
    [65, 70, 67],
    [128, 1, 130],
    [1, 300, 40],
    [33, 257, 9],
  ];
  for (const [m, k, n] of sizes) {
    it(`${m} × ${k} by ${k} × ${n}`, () => {
      expectAdjoints((a, b) => a!.matmul(b!), [random([m, k]), random([k, n])]);
      expectAdjoints((a, b) => a!.T.matmul(b!.T), [random([k, m]), random([n, k])]);
      expectAdjoints((a, b) => a!.matmul(b!), [random([3, m, k]), random([1, k, n])]);
    });
  }
});

describe('conv', () => {
  const shapes: readonly (readonly [images: Shape, weight: Shape, attributes: ConvolutionAttributes])[] = [
    [[4, 3, 28, 28], [8, 3, 3, 3], convolution([1, 1], [1, 1, 1, 1], [1, 1], 1)],
    [[2, 8, 17, 23], [12, 8, 5, 3], convolution([2, 3], [2, 1, 0, 4], [1, 1], 1)],
    [[2, 8, 19, 16], [16, 4, 3, 3], convolution([1, 2], [2, 2, 2, 2], [2, 2], 2)],
    [[3, 16, 14, 14], [16, 1, 3, 3], convolution([1, 1], [1, 1, 1, 1], [1, 1], 16)],
    [[2, 32, 9, 9], [64, 32, 1, 1], convolution([1, 1], [0, 0, 0, 0], [1, 1], 1)],
    [[2, 3, 5, 5], [4, 3, 5, 5], convolution([1, 1], [0, 0, 0, 0], [1, 1], 1)],
    [[0, 3, 5, 5], [4, 3, 3, 3], convolution([1, 1], [0, 0, 0, 0], [1, 1], 1)],
  ];
  for (const [images, weight, attributes] of shapes) {
    it(`[${images.join(', ')}] by [${weight.join(', ')}]`, () => {
      expectAdjoints((x, w) => apply('conv', [x!, w!], attributes), [random(images), random(weight)]);
    });
  }
});

function convolution(
  stride: readonly [number, number],
  [top, bottom, left, right]: readonly [number, number, number, number],
  dilation: readonly [number, number],
  groups: number,
): ConvolutionAttributes {
  return {
    stride,
    padding: [
      [top, bottom],
      [left, right],
    ],
    dilation,
    groups,
  };
}

describe('the rest of the linear primitives', () => {
  it('sum, cumSum, expand and take', () => {
    expectAdjoints((x) => apply('sum', [x!], { axes: [0, 2] }), [random([40, 50, 30])]);
    expectAdjoints((x) => apply('cumSum', [x!], { axis: 1, reverse: true }), [random([40, 500])]);
    expectAdjoints((x) => apply('expand', [x!], { shape: [20, 300, 40] }), [random([300, 1])]);
    const indices = sampleTensor([700], 'int32', { low: -90, high: 90 });
    expectAdjoints((x) => apply('take', [x!, indices], { axis: 0 }), [random([90, 33])]);
  });

  it('averagePool', () => {
    const attributes = {
      kernel: [3, 2],
      stride: [2, 2],
      padding: [
        [1, 1],
        [0, 1],
      ],
      countIncludePad: false,
    } as const;
    expectAdjoints((x) => apply('averagePool', [x!], attributes), [random([4, 8, 31, 30])]);
  });

  it('where and copy', () => {
    const condition = sampleTensor([300, 40], 'bool');
    const [a, b] = [random([300, 40]), random([300, 40])];
    const [x, y] = [parameter(a), parameter(b)];
    const [byX, byY] = gradients(apply('where', [condition, x, y], none).sum(), [x, y]);
    expect(byX.equal(condition.cast('float64'))).toBe(true);
    expect(byY.equal(condition.logicalNot().cast('float64'))).toBe(true);
  });
});
