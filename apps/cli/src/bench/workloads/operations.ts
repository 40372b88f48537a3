import { parameter } from '@nadir/autograd';
import { Adam } from '@nadir/optimizers';
import {
  apply,
  conv2d,
  manualSeed,
  randn,
  softmax,
  zeros,
  type ConvolutionAttributes,
  type Shape,
  type Tensor,
} from '@nadir/tensor';
import type { Workload } from '../workload.ts';

interface Operation extends Pick<Workload, 'name' | 'title' | 'flops'> {
  /** Shapes of the operands, by name. */
  readonly operands: Readonly<Record<string, Shape>>;
  readonly result: Shape;
  readonly compute: (...operands: Tensor[]) => Tensor;
}

/** An operation over constants, which a compiled program keeps in its memory, as it does the result. */
function operation({ name, title, flops, operands, result, compute }: Operation): Workload {
  return {
    name,
    title,
    per: 1,
    checkSteps: 1,
    flops,
    make() {
      manualSeed(1);
      const state = Object.fromEntries(
        Object.entries(operands).map(([operand, shape]) => [operand, randn(shape)]),
      );
      const values = Object.values(state);
      return { state, batches: [[]], step: () => compute(...values), result: zeros(result) };
    },
  };
}

function matmul(n: number): Workload {
  return operation({
    name: `matmul-${n}`,
    title: `${n}×${n} by ${n}×${n}`,
    flops: 2 * n ** 3,
    operands: { a: [n, n], b: [n, n] },
    result: [n, n],
    compute: (a, b) => a!.matmul(b!),
  });
}

/** The second convolution of workload D. */
const convolution = { x: [64, 32, 14, 14], weight: [64, 32, 3, 3], y: [64, 64, 14, 14] } as const;
const convolutionFlops = 2 * 64 * 14 * 14 * 64 * 32 * 9;
const attributes: ConvolutionAttributes = {
  stride: [1, 1],
  padding: [
    [1, 1],
    [1, 1],
  ],
  dilation: [1, 1],
  groups: 1,
};

const parameters = 10_000_000;

/** Single operations, their operands in place. */
export const operationWorkloads: readonly Workload[] = [
  ...[256, 512, 1024, 2048].map((n) => matmul(n)),
  operation({
    name: 'conv',
    title: '3×3 convolution, 64 images, 32 to 64 channels of 14×14',
    flops: convolutionFlops,
    operands: { x: convolution.x, weight: convolution.weight },
    result: convolution.y,
    compute: (x, weight) => conv2d(x!, weight!, { padding: 1 }),
  }),
  operation({
    name: 'conv-input-grad',
    title: 'gradient of the images of conv',
    flops: convolutionFlops,
    operands: { dy: convolution.y, weight: convolution.weight },
    result: convolution.x,
    compute: (dy, weight) => apply('convInputGrad', [dy!, weight!], { ...attributes, size: [14, 14] }),
  }),
  operation({
    name: 'conv-weight-grad',
    title: 'gradient of the weight of conv',
    flops: convolutionFlops,
    operands: { x: convolution.x, dy: convolution.y },
    result: convolution.weight,
    compute: (x, dy) => apply('convWeightGrad', [x!, dy!], { ...attributes, size: [3, 3] }),
  }),
  operation({
    name: 'softmax',
    title: 'softmax over the rows of 1024×1024',
    flops: null,
    operands: { x: [1024, 1024] },
    result: [1024, 1024],
    compute: (x) => softmax(x!, -1),
  }),
  {
    name: 'adam',
    title: 'an Adam update of 10,000,000 parameters',
    per: 1,
    checkSteps: 3,
    flops: null,
    make() {
      manualSeed(1);
      const weight = parameter(zeros([parameters]));
      const gradient = randn([parameters]);
      const optimizer = new Adam([weight], { lr: 1e-3 });
      return {
        state: { gradient },
        batches: [[]],
        step() {
          weight.grad = gradient;
          optimizer.step();
          return weight;
        },
        result: weight,
      };
    },
  },
];
