import {
  all,
  amax,
  amin,
  any,
  argmax,
  argmin,
  batchNorm,
  cumsum,
  layerNorm,
  logSoftmax,
  logSumExp,
  max,
  mean,
  min,
  norm,
  prod,
  rmsNorm,
  softmax,
  std,
  sum,
  variance,
  type Axes,
  type KeepDims,
  type Tensor,
} from '@nadir/tensor';
import { given, of, type OperationCase } from './operation-case.ts';

type Reduce = (x: Tensor, axes?: Axes, options?: KeepDims) => Tensor;

/** All axes, one, several, kept, of a scalar, of an axis of size 1; and of nothing, where that has a value. */
function reductions(
  name: string,
  torch: (args: string) => string,
  run: Reduce,
  ofNothing = true,
  low?: number,
): OperationCase[] {
  const x = of([2, 3, 2], low);
  return [
    { name: `${name} of all`, inputs: [x], torch: torch('dim=(0, 1, 2)'), run: (a) => run(a!) },
    { name: `${name} over an axis`, inputs: [x], torch: torch('dim=1'), run: (a) => run(a!, 1) },
    { name: `${name} over two axes`, inputs: [x], torch: torch('dim=(0, 2)'), run: (a) => run(a!, [0, -1]) },
    {
      name: `${name} keeping axes`,
      inputs: [x],
      torch: torch('dim=(1, 2), keepdim=True'),
      run: (a) => run(a!, [2, 1], { keepDims: true }),
    },
    { name: `${name} of a scalar`, inputs: [of([], low)], torch: torch('dim=()'), run: (a) => run(a!) },
    { name: `${name} over size 1`, inputs: [of([2, 1], low)], torch: torch('dim=1'), run: (a) => run(a!, 1) },
    {
      name: `${name} beside nothing`,
      inputs: [of([0, 2], low)],
      torch: torch('dim=1'),
      run: (a) => run(a!, 1),
    },
    ...(ofNothing
      ? [
          {
            name: `${name} of nothing`,
            inputs: [of([0, 2], low)],
            torch: torch('dim=0'),
            run: (a?: Tensor) => run(a!, 0),
            order: 0,
          } satisfies OperationCase,
        ]
      : []),
  ];
}

export const reductionCases: readonly OperationCase[] = [
  ...reductions('sum', (args) => `torch.sum(a, ${args})`, sum),
  ...reductions('mean', (args) => `torch.mean(a, ${args})`, mean),
  ...reductions('amax', (args) => `torch.amax(a, ${args})`, amax, false),
  ...reductions('amin', (args) => `torch.amin(a, ${args})`, amin, false),
  ...reductions('logSumExp', (args) => `torch.logsumexp(a, ${args})`, logSumExp),
  ...reductions('norm', (args) => `torch.linalg.vector_norm(a, ${args})`, norm),
  ...reductions(
    'variance',
    (args) => `torch.var(a, correction=0, ${args})`,
    (x, axes, options) => variance(x, axes, { ...options, correction: 0 }),
    false,
  ),

  { name: 'prod of all', inputs: [of([2, 3])], torch: 'torch.prod(a)', run: (a) => prod(a!) },
  {
    name: 'prod over an axis',
    inputs: [of([2, 3, 2])],
    torch: 'torch.prod(a, dim=1)',
    run: (a) => prod(a!, 1),
  },
  {
    name: 'prod over the first axis',
    inputs: [of([3, 2])],
    torch: 'torch.prod(a, dim=0, keepdim=True)',
    run: (a) => prod(a!, 0, { keepDims: true }),
  },
  { name: 'prod of a scalar', inputs: [of([])], torch: 'torch.prod(a)', run: (a) => prod(a!) },
  { name: 'prod of nothing', inputs: [of([0])], torch: 'torch.prod(a)', run: (a) => prod(a!) },
  {
    name: 'prod with one zero',
    inputs: [
      given([
        [2, 0, 3],
        [1, 4, 5],
      ]),
    ],
    torch: 'torch.prod(a, dim=1)',
    run: (a) => prod(a!, 1),
  },
  {
    name: 'prod with two zeros',
    inputs: [
      given([
        [2, 0, 0],
        [1, 0, 5],
      ]),
    ],
    torch: 'torch.prod(a, dim=1)',
    run: (a) => prod(a!, 1),
  },
  { name: 'prod of seven', inputs: [of([7])], torch: 'torch.prod(a)', run: (a) => prod(a!) },

  {
    name: 'variance from a sample',
    inputs: [of([2, 4])],
    torch: 'torch.var(a, dim=1)',
    run: (a) => variance(a!, 1),
  },
  { name: 'std of all', inputs: [of([2, 4])], torch: 'torch.std(a)', run: (a) => std(a!) },
  {
    name: 'std over an axis',
    inputs: [of([3, 4])],
    torch: 'torch.std(a, dim=0, correction=0, keepdim=True)',
    run: (a) => std(a!, 0, { correction: 0, keepDims: true }),
  },
  {
    name: 'norm 1',
    inputs: [of([2, 3])],
    torch: 'torch.linalg.vector_norm(a, 1, dim=1)',
    run: (a) => norm(a!, 1, { ord: 1 }),
  },
  {
    name: 'norm 3',
    inputs: [of([2, 3])],
    torch: 'torch.linalg.vector_norm(a, 3, dim=1)',
    run: (a) => norm(a!, 1, { ord: 3 }),
  },
  {
    name: 'norm Infinity',
    inputs: [of([2, 3])],
    torch: "torch.linalg.vector_norm(a, float('inf'), dim=1)",
    run: (a) => norm(a!, 1, { ord: Infinity }),
  },
  {
    name: 'norm -Infinity',
    inputs: [of([2, 3])],
    torch: "torch.linalg.vector_norm(a, float('-inf'), dim=1)",
    run: (a) => norm(a!, 1, { ord: -Infinity }),
  },
  {
    name: 'norm 0',
    inputs: [given([[1, 0, 2]])],
    torch: 'torch.linalg.vector_norm(a.detach(), 0, dim=1)',
    run: (a) => norm(a!.detach(), 1, { ord: 0 }),
    order: 0,
  },

  { name: 'max of all', inputs: [of([2, 3])], torch: 'torch.max(a)', run: (a) => max(a!) },
  { name: 'min of all', inputs: [of([2, 3])], torch: 'torch.min(a)', run: (a) => min(a!) },
  {
    name: 'max over an axis',
    inputs: [of([2, 3, 2])],
    torch: 'torch.max(a, dim=1).values',
    run: (a) => max(a!, 1).values,
  },
  {
    name: 'max keeping the axis',
    inputs: [of([2, 3])],
    torch: 'torch.max(a, dim=1, keepdim=True).values',
    run: (a) => max(a!, 1, { keepDims: true }).values,
  },
  {
    name: 'max indices',
    inputs: [of([2, 3])],
    torch: 'torch.max(a, dim=0).indices',
    run: (a) => max(a!, 0).indices,
    order: 0,
  },
  {
    name: 'min over an axis',
    inputs: [of([2, 3])],
    torch: 'torch.min(a, dim=0).values',
    run: (a) => min(a!, 0).values,
  },
  {
    name: 'argmax',
    inputs: [of([2, 3])],
    torch: 'torch.argmax(a, dim=1)',
    run: (a) => argmax(a!, 1),
    order: 0,
  },
  {
    name: 'argmax of all',
    inputs: [of([2, 3])],
    torch: 'torch.argmax(a)',
    run: (a) => argmax(a!),
    order: 0,
  },
  {
    name: 'argmin',
    inputs: [of([2, 3])],
    torch: 'torch.argmin(a, dim=0, keepdim=True)',
    run: (a) => argmin(a!, 0, { keepDims: true }),
    order: 0,
  },
  {
    name: 'any',
    inputs: [of([2, 3], 0, 1, 'bool')],
    torch: 'torch.any(a, dim=1)',
    run: (a) => any(a!, 1),
    order: 0,
  },
  {
    name: 'all',
    inputs: [of([2, 3], 0, 1, 'bool')],
    torch: 'torch.all(a, dim=0)',
    run: (a) => all(a!, 0),
    order: 0,
  },
  {
    name: 'sum of int32',
    inputs: [of([2, 3], -9, 9, 'int32')],
    torch: 'torch.sum(a, dim=1)',
    run: (a) => sum(a!, 1),
    order: 0,
  },

  { name: 'cumsum', inputs: [of([3, 4])], torch: 'torch.cumsum(a, 1)', run: (a) => cumsum(a!, 1) },
  {
    name: 'cumsum over rows',
    inputs: [of([3, 4])],
    torch: 'torch.cumsum(a, 0)',
    run: (a) => cumsum(a!, -2),
  },
  {
    name: 'cumsum of nothing',
    inputs: [of([0, 4])],
    torch: 'torch.cumsum(a, 0)',
    run: (a) => cumsum(a!, 0),
  },
  { name: 'softmax', inputs: [of([2, 4])], torch: 'torch.softmax(a, 1)', run: (a) => softmax(a!, 1) },
  {
    name: 'softmax over rows',
    inputs: [of([3, 2])],
    torch: 'torch.softmax(a, 0)',
    run: (a) => softmax(a!, 0),
  },
  {
    name: 'softmax of size 1',
    inputs: [of([3, 1])],
    torch: 'torch.softmax(a, 1)',
    run: (a) => softmax(a!, 1),
  },
  {
    name: 'logSoftmax',
    inputs: [of([2, 4])],
    torch: 'torch.log_softmax(a, 1)',
    run: (a) => logSoftmax(a!, -1),
  },
  {
    name: 'logSoftmax of nothing',
    inputs: [of([0, 4])],
    torch: 'torch.log_softmax(a, 1)',
    run: (a) => logSoftmax(a!, 1),
  },

  {
    name: 'layerNorm',
    inputs: [of([3, 4])],
    torch: 'F.layer_norm(a, (4,))',
    run: (a) => layerNorm(a!, 4),
  },
  {
    name: 'layerNorm with weight and bias',
    inputs: [of([2, 3, 2]), of([3, 2]), of([3, 2])],
    torch: 'F.layer_norm(a, (3, 2), b, c)',
    run: (a, b, c) => layerNorm(a!, [3, 2], { weight: b!, bias: c! }),
  },
  {
    name: 'rmsNorm',
    inputs: [of([3, 4]), of([4])],
    torch: 'F.rms_norm(a, (4,), b, 1e-6)',
    run: (a, b) => rmsNorm(a!, 4, { weight: b!, eps: 1e-6 }),
  },
  {
    name: 'batchNorm in training',
    inputs: [of([4, 2, 3]), of([2]), of([2])],
    torch: 'F.batch_norm(a, None, None, b, c, training=True)',
    run: (a, b, c) => batchNorm(a!, { weight: b!, bias: c!, training: true }),
  },
  {
    name: 'batchNorm of images',
    inputs: [of([2, 3, 2, 2])],
    torch: 'F.batch_norm(a, None, None, training=True)',
    run: (a) => batchNorm(a!, { training: true }),
  },
  {
    name: 'batchNorm by running statistics',
    inputs: [of([3, 2]), of([2]), of([2], 0.3, 2), of([2])],
    torch: 'F.batch_norm(a, b.detach(), c.detach(), d)',
    run: (a, b, c, d) =>
      batchNorm(a!, { runningMean: b!.detach(), runningVariance: c!.detach(), weight: d! }),
    order: 0,
  },
];
