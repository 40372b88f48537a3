import {
  abs,
  add,
  amax,
  amin,
  atan2,
  cast,
  clamp,
  elu,
  erf,
  expm1,
  gelu,
  hardTanh,
  layerNorm,
  leakyRelu,
  log,
  log1p,
  logAddExp,
  logSigmoid,
  logSoftmax,
  logSumExp,
  max,
  maxPool2d,
  maximum,
  mean,
  min,
  minimum,
  mish,
  mul,
  norm,
  pow,
  prod,
  relu,
  relu6,
  remainder,
  round,
  selu,
  sigmoid,
  sign,
  silu,
  sinh,
  softmax,
  softplus,
  sort,
  sqrt,
  std,
  takeAlongAxis,
  tanh,
  topk,
  where,
  type DType,
} from '@nadir/tensor';
import { given, of, type OperationCase } from './operation-case.ts';

const inf = Infinity;

/** Ties, bounds, zeros, and magnitudes at which careless formulas overflow or give NaN: values and gradients as torch has them. */
const edges: readonly OperationCase[] = atEdges([
  {
    name: 'max first of equals',
    inputs: [
      given([
        [1, 3, 3],
        [2, 2, 2],
      ]),
    ],
    torch: 'torch.max(a, dim=1).values',
    run: (a) => max(a!, 1).values,
  },
  {
    name: 'max index of equals',
    inputs: [
      given([
        [1, 3, 3],
        [2, 2, 2],
      ]),
    ],
    torch: 'torch.max(a, dim=1).indices',
    run: (a) => max(a!, 1).indices,
  },
  {
    name: 'min first of equals',
    inputs: [
      given([
        [1, 1, 3],
        [2, 2, 2],
      ]),
    ],
    torch: 'torch.min(a, dim=1).values',
    run: (a) => min(a!, 1).values,
  },
  {
    name: 'max of all shares',
    inputs: [
      given([
        [1, 3, 3],
        [3, 2, 2],
      ]),
    ],
    torch: 'torch.max(a)',
    run: (a) => max(a!),
  },
  {
    name: 'min of all shares',
    inputs: [
      given([
        [1, 3, 1],
        [3, 2, 1],
      ]),
    ],
    torch: 'torch.min(a)',
    run: (a) => min(a!),
  },
  {
    name: 'amax shares',
    inputs: [
      given([
        [1, 3, 3],
        [2, 2, 2],
      ]),
    ],
    torch: 'torch.amax(a, dim=1)',
    run: (a) => amax(a!, 1),
  },
  {
    name: 'amin shares',
    inputs: [
      given([
        [1, 1, 3],
        [2, 2, 2],
      ]),
    ],
    torch: 'torch.amin(a, dim=1)',
    run: (a) => amin(a!, 1),
  },
  {
    name: 'maximum halves',
    inputs: [given([1, 2, 3]), given([2, 2, 2])],
    torch: 'torch.maximum(a, b)',
    run: (a, b) => maximum(a!, b!),
  },
  {
    name: 'minimum halves',
    inputs: [given([1, 2, 3]), given([2, 2, 2])],
    torch: 'torch.minimum(a, b)',
    run: (a, b) => minimum(a!, b!),
  },
  {
    name: 'maximum of NaN',
    inputs: [given([1, NaN, NaN]), given([NaN, 2, NaN])],
    torch: 'torch.maximum(a, b)',
    run: (a, b) => maximum(a!, b!),
  },
  {
    name: 'maxPool2d first of equals',
    inputs: [
      given([
        [
          [
            [1, 1, 0, 0],
            [1, 1, 0, 0],
            [2, 5, 7, 7],
            [5, 2, 7, 7],
          ],
        ],
      ]),
    ],
    torch: 'F.max_pool2d(a, 2)',
    run: (a) => maxPool2d(a!, { kernelSize: 2 }),
  },
  {
    name: 'maxPool2d of overlapping equals',
    inputs: [
      given([
        [
          [
            [1, 1, 1],
            [1, 1, 1],
            [1, 1, 1],
          ],
        ],
      ]),
    ],
    torch: 'F.max_pool2d(a, 2, stride=1, padding=1)',
    run: (a) => maxPool2d(a!, { kernelSize: 2, stride: 1, padding: 1 }),
  },
  {
    name: 'topk of equals sums',
    inputs: [given([1, 3, 3, 2])],
    torch: 'torch.topk(a, 2).values.sum()',
    run: (a) => topk(a!, 2).values.sum(),
  },
  {
    name: 'sort keeps order',
    inputs: [given([2, 1, 2, 1])],
    torch: 'torch.sort(a, stable=True).indices',
    run: (a) => sort(a!).indices,
  },
  { name: 'relu at 0', inputs: [given([-1, 0, -0, 1])], torch: 'F.relu(a)', run: relu },
  { name: 'relu6 at its bounds', inputs: [given([-1, 0, 3, 6, 7])], torch: 'F.relu6(a)', run: relu6 },
  {
    name: 'leakyRelu at 0',
    inputs: [given([-1, 0, 1])],
    torch: 'F.leaky_relu(a, 0.1)',
    run: (a) => leakyRelu(a!, 0.1),
  },
  { name: 'elu at 0', inputs: [given([-1, 0, 1])], torch: 'F.elu(a, 2.0)', run: (a) => elu(a!, 2) },
  {
    name: 'hardTanh at its bounds',
    inputs: [given([-2, -1, 0, 1, 2])],
    torch: 'F.hardtanh(a)',
    run: (a) => hardTanh(a!),
  },
  { name: 'abs at 0', inputs: [given([-1, 0, 1])], torch: 'torch.abs(a)', run: abs },
  { name: 'sign at 0', inputs: [given([-1, 0, 1])], torch: 'torch.sign(a)', run: sign },
  { name: 'sqrt at 0', inputs: [given([0, 4])], torch: 'torch.sqrt(a)', run: sqrt },
  {
    name: 'clamp at its bounds',
    inputs: [given([-2, -1, 0, 1, 2])],
    torch: 'torch.clamp(a, -1, 1)',
    run: (a) => clamp(a!, -1, 1),
  },
  {
    name: 'clamp NaN',
    inputs: [given([NaN, inf, -inf])],
    // Detached: for NaN torch's gradient is 0, and here it passes.
    torch: 'torch.clamp(a.detach(), -1, 1)',
    run: (a) => clamp(a!.detach(), -1, 1),
  },
  {
    name: 'pow of base 0',
    inputs: [given([0, 0, 0, 0]), given([0, 1, 2, 0.5])],
    torch: 'torch.pow(a, b)',
    run: (a, b) => pow(a!, b!),
  },
  {
    name: 'pow of negative base',
    inputs: [given([-2, -2, -2]), given([2, 3, 0])],
    torch: 'torch.pow(a, b.detach())',
    run: (a, b) => pow(a!, b!.detach()),
  },
  {
    name: 'pow of negative base to its exponent',
    inputs: [given([-2, -2]), given([2, 3])],
    torch: 'torch.pow(a.detach(), b)',
    run: (a, b) => pow(a!.detach(), b!),
  },
  { name: 'pow 0 of 0', inputs: [given([0, 1])], torch: 'a ** 0', run: (a) => pow(a!, 0) },
  { name: 'pow 2 of 0', inputs: [given([0, 1])], torch: 'a ** 2', run: (a) => pow(a!, 2) },
  {
    name: 'norm of zeros',
    inputs: [
      given([
        [0, 0],
        [3, 4],
      ]),
    ],
    torch: 'torch.linalg.vector_norm(a, dim=1)',
    run: (a) => norm(a!, 1),
  },
  {
    name: 'norm 3 of zeros',
    inputs: [
      given([
        [0, 0],
        [3, 4],
      ]),
    ],
    torch: 'torch.linalg.vector_norm(a, 3, dim=1)',
    run: (a) => norm(a!, 1, { ord: 3 }),
  },
  {
    name: 'norm 1 with a zero',
    inputs: [given([0, -4])],
    torch: 'torch.linalg.vector_norm(a, 1)',
    run: (a) => norm(a!, 0, { ord: 1 }),
  },
  {
    name: 'std of equals',
    inputs: [given([[1, 2, 4]])],
    torch: 'torch.std(a, dim=1)',
    run: (a) => std(a!, 1),
  },
  {
    name: 'where keeps infinities out',
    inputs: [given([0, 1, 4])],
    torch: 'torch.where(a > 0, torch.log(torch.where(a > 0, a, 1.0)), 0.0)',
    run: (a) => where(a!.gt(0), log(where(a!.gt(0), a!, 1)), 0),
  },
  {
    name: 'atan2 on the axes',
    inputs: [given([0, 0, 1, -1, 0]), given([1, -1, 0, 0, 0])],
    torch: 'torch.atan2(a, b)',
    run: (a, b) => atan2(a!, b!),
  },
  {
    name: 'remainder of multiples',
    inputs: [given([6, -6, 7, -7]), given([3, 3, -3, 3])],
    torch: 'torch.remainder(a, b)',
    run: (a, b) => remainder(a!, b!),
  },
  {
    name: 'round to even',
    inputs: [given([0.5, 1.5, 2.5, -0.5, -1.5])],
    torch: 'torch.round(a)',
    run: round,
  },
  {
    name: 'cast to int32 truncates',
    inputs: [given([1.9, -1.9, 0.5, -0.5])],
    torch: 'a.int()',
    run: (a) => cast(a!, 'int32'),
  },
  { name: 'cast to bool', inputs: [given([0, 0.1, -3])], torch: 'a.bool()', run: (a) => cast(a!, 'bool') },
  {
    name: 'mul wraps int32',
    inputs: [given([2 ** 30, -(2 ** 31)], 'int32'), given([4, 3], 'int32')],
    torch: 'a * b',
    run: (a, b) => mul(a!, b!),
  },
  {
    name: 'add wraps int32',
    inputs: [given([2 ** 31 - 1], 'int32'), given([1], 'int32')],
    torch: 'a + b',
    run: (a, b) => add(a!, b!),
  },
  {
    name: 'logSumExp of -Infinity',
    inputs: [
      given([
        [-inf, 0],
        [1, 2],
      ]),
    ],
    torch: 'torch.logsumexp(a, 1)',
    run: (a) => logSumExp(a!, 1),
  },
  {
    name: 'softmax with -Infinity',
    inputs: [given([[-inf, 0, 1]])],
    torch: 'torch.softmax(a, 1)',
    run: (a) => softmax(a!, 1),
  },
  {
    name: 'logAddExp of equals',
    inputs: [given([1, 5]), given([1, 5])],
    torch: 'torch.logaddexp(a, b)',
    run: (a, b) => logAddExp(a!, b!),
  },
  { name: 'log1p near 0', inputs: [given([1e-12, -1e-12, 0])], torch: 'torch.log1p(a)', run: log1p },
  { name: 'expm1 near 0', inputs: [given([1e-12, -1e-12, 0])], torch: 'torch.expm1(a)', run: expm1 },
  { name: 'sinh near 0', inputs: [given([1e-9, 0])], torch: 'torch.sinh(a)', run: sinh },
  { name: 'tanh far out', inputs: [given([1e4, -1e4, 0])], torch: 'torch.tanh(a)', run: tanh },
  {
    name: 'prod with a zero, twice differentiated by parts',
    inputs: [given([0, 3, 2])],
    torch: 'torch.prod(a) * a.sum()',
    run: (a) => prod(a!).mul(a!.sum()),
    order: 2,
  },
]);

/** Finite differences have nothing to say at a kink. */
function atEdges(cases: readonly OperationCase[]): OperationCase[] {
  return cases.map(({ name, inputs, torch, run, order = 0 }) => ({ name, inputs, torch, run, order }));
}

/** A value of ±10,000 beside ordinary ones. */
function stable(dtype: DType): OperationCase[] {
  const line = given([1e4, -1e4, 0.5, 0, -3], dtype);
  const rows = given(
    [
      [1e4, -1e4, 0],
      [-1e4, -1e4, -1e4],
      [1e4, 1e4, 0.5],
    ],
    dtype,
  );
  const cases: OperationCase[] = [
    { name: 'logSumExp', inputs: [rows], torch: 'torch.logsumexp(a, 1)', run: (a) => logSumExp(a!, 1) },
    { name: 'softmax', inputs: [rows], torch: 'torch.softmax(a, 1)', run: (a) => softmax(a!, 1) },
    {
      name: 'logSoftmax',
      inputs: [rows],
      torch: 'torch.log_softmax(a, 1)',
      run: (a) => logSoftmax(a!, 1),
    },
    { name: 'sigmoid', inputs: [line], torch: 'torch.sigmoid(a)', run: sigmoid },
    { name: 'logSigmoid', inputs: [line], torch: 'F.logsigmoid(a)', run: logSigmoid },
    { name: 'softplus', inputs: [line], torch: 'F.softplus(a)', run: (a) => softplus(a!) },
    {
      name: 'logAddExp',
      inputs: [line, given([1e4, 1e4, 0, 0, -1e4], dtype)],
      torch: 'torch.logaddexp(a, b)',
      run: (a, b) => logAddExp(a!, b!),
    },
    { name: 'silu', inputs: [line], torch: 'F.silu(a)', run: silu },
    { name: 'mish', inputs: [line], torch: 'F.mish(a)', run: mish },
    { name: 'gelu', inputs: [line], torch: 'F.gelu(a)', run: (a) => gelu(a!) },
    {
      name: 'gelu by tanh',
      inputs: [line],
      torch: "F.gelu(a, approximate='tanh')",
      run: (a) => gelu(a!, { approximate: 'tanh' }),
    },
    { name: 'elu', inputs: [line], torch: 'F.elu(a)', run: (a) => elu(a!) },
    { name: 'selu', inputs: [line], torch: 'F.selu(a)', run: selu },
    { name: 'tanh', inputs: [line], torch: 'torch.tanh(a)', run: tanh },
    { name: 'erf', inputs: [line], torch: 'torch.erf(a)', run: erf },
    { name: 'norm', inputs: [rows], torch: 'torch.linalg.vector_norm(a, dim=1)', run: (a) => norm(a!, 1) },
    { name: 'layerNorm', inputs: [rows], torch: 'F.layer_norm(a, (3,))', run: (a) => layerNorm(a!, 3) },
    {
      name: 'logSoftmax as cross-entropy from logits',
      inputs: [rows, given([1, 0, 2], 'int32')],
      torch: 'F.cross_entropy(a, b.long())',
      run: (a, b) => takeAlongAxis(logSoftmax(a!, 1), b!.unsqueeze(1), 1).mean().neg(),
    },
    {
      name: 'softplus as binary cross-entropy from logits',
      inputs: [line, given([0, 1, 0, 1, 1], dtype)],
      torch: 'F.binary_cross_entropy_with_logits(a, b.detach())',
      run: (a, b) => softplus(a!).sub(a!.mul(b!.detach())).mean(),
    },
  ];
  return cases.map(({ name, inputs, torch, run }) => {
    return { name: `${name} at ±1e4 in ${dtype}`, inputs, torch, run, order: 0 };
  });
}

export const edgeCases: readonly OperationCase[] = [
  ...edges,
  ...stable('float64'),
  ...stable('float32'),
  {
    name: 'mean of float32',
    inputs: [of([3, 5], -2, 2, 'float32')],
    torch: 'a.mean(1)',
    run: (a) => mean(a!, 1),
    order: 0,
  },
];
