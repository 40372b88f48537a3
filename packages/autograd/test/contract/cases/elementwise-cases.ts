import * as nd from '@nadir/tensor';
import type { Tensor } from '@nadir/tensor';
import { binary, given, of, unary, type OperationCase } from './operation-case.ts';

const positive = { low: 0.2, high: 3 };

export const elementwiseCases: readonly OperationCase[] = [
  ...unary('neg', 'torch.neg(a)', nd.neg),
  ...unary('abs', 'torch.abs(a)', nd.abs),
  ...unary('sign', 'torch.sign(a)', nd.sign),
  ...unary('square', 'torch.square(a)', nd.square),
  ...unary('sqrt', 'torch.sqrt(a)', nd.sqrt, 0.2, 3),
  ...unary('rsqrt', 'torch.rsqrt(a)', nd.rsqrt, 0.2, 3),
  ...unary('reciprocal', 'torch.reciprocal(a)', nd.reciprocal, 0.2, 3),
  ...unary('floor', 'torch.floor(a)', nd.floor, -9, 9),
  ...unary('ceil', 'torch.ceil(a)', nd.ceil, -9, 9),
  ...unary('round', 'torch.round(a)', nd.round, -9, 9),
  ...unary('trunc', 'torch.trunc(a)', nd.trunc, -9, 9),
  ...unary('exp', 'torch.exp(a)', nd.exp),
  ...unary('exp2', 'torch.exp2(a)', nd.exp2),
  ...unary('expm1', 'torch.expm1(a)', nd.expm1),
  ...unary('log', 'torch.log(a)', nd.log, 0.2, 3),
  ...unary('log1p', 'torch.log1p(a)', nd.log1p, -0.8, 3),
  ...unary('log2', 'torch.log2(a)', nd.log2, 0.2, 3),
  ...unary('log10', 'torch.log10(a)', nd.log10, 0.2, 3),
  ...unary('erf', 'torch.erf(a)', nd.erf),
  ...unary('sin', 'torch.sin(a)', nd.sin, -7, 7),
  ...unary('cos', 'torch.cos(a)', nd.cos, -7, 7),
  ...unary('tan', 'torch.tan(a)', nd.tan, -1.3, 1.3),
  ...unary('asin', 'torch.asin(a)', nd.asin, -0.9, 0.9),
  ...unary('acos', 'torch.acos(a)', nd.acos, -0.9, 0.9),
  ...unary('atan', 'torch.atan(a)', nd.atan),
  ...unary('sinh', 'torch.sinh(a)', nd.sinh),
  ...unary('cosh', 'torch.cosh(a)', nd.cosh),
  ...unary('tanh', 'torch.tanh(a)', nd.tanh),
  ...unary('clone', 'a.clone()', nd.clone),
  ...unary('contiguous', 'a.contiguous()', nd.contiguous),
  ...unary('cast to float64', 'a.double()', (a) => nd.cast(a!, 'float64')),
  {
    name: 'cast to float32',
    inputs: [of([3])],
    torch: 'a.float()',
    run: (a) => nd.cast(a!, 'float32'),
    order: 0,
  },
  {
    name: 'cast through float32',
    inputs: [given([0.5, -1.25])],
    torch: 'a.float().double()',
    run: (a) => a!.cast('float32').cast('float64'),
    order: 0,
  },

  ...unary('relu', 'F.relu(a)', nd.relu),
  ...unary('relu6', 'F.relu6(a)', nd.relu6, -3, 9),
  ...unary('leakyRelu', 'F.leaky_relu(a)', (a) => nd.leakyRelu(a!)),
  ...unary('leakyRelu with slope', 'F.leaky_relu(a, 0.2)', (a) => nd.leakyRelu(a!, 0.2)),
  ...unary('elu', 'F.elu(a)', (a) => nd.elu(a!)),
  ...unary('elu with alpha', 'F.elu(a, 0.5)', (a) => nd.elu(a!, 0.5)),
  ...unary('selu', 'F.selu(a)', nd.selu),
  ...unary('hardTanh', 'F.hardtanh(a)', (a) => nd.hardTanh(a!)),
  ...unary('gelu', 'F.gelu(a)', (a) => nd.gelu(a!)),
  ...unary('gelu by tanh', "F.gelu(a, approximate='tanh')", (a) => nd.gelu(a!, { approximate: 'tanh' })),
  ...unary('silu', 'F.silu(a)', nd.silu),
  ...unary('mish', 'F.mish(a)', nd.mish),
  ...unary('sigmoid', 'torch.sigmoid(a)', nd.sigmoid),
  ...unary('logSigmoid', 'F.logsigmoid(a)', nd.logSigmoid),
  ...unary('softplus', 'F.softplus(a)', (a) => nd.softplus(a!)),
  ...unary('softplus with beta', 'F.softplus(a, 2, 3)', (a) => nd.softplus(a!, { beta: 2, threshold: 3 })),

  ...binary('add', 'a + b', (a, b) => nd.add(a!, b!)),
  ...binary('sub', 'a - b', (a, b) => nd.sub(a!, b!)),
  ...binary('mul', 'a * b', (a, b) => nd.mul(a!, b!)),
  ...binary('div', 'a / b', (a, b) => nd.div(a!, b!), {}, positive),
  ...binary(
    'floorDivide',
    'torch.floor(a / b)',
    (a, b) => nd.floorDivide(a!, b!),
    { low: -9, high: 9 },
    positive,
  ),
  ...binary(
    'remainder',
    'torch.remainder(a, b)',
    (a, b) => nd.remainder(a!, b!),
    { low: -9, high: 9 },
    positive,
  ),
  ...binary(
    'remainder by negative',
    'torch.remainder(a, b)',
    (a, b) => nd.remainder(a!, b!),
    { low: -9, high: 9 },
    { low: -3, high: -0.4 },
  ),
  ...binary('pow', 'torch.pow(a, b)', (a, b) => nd.pow(a!, b!), positive),
  ...binary('maximum', 'torch.maximum(a, b)', (a, b) => nd.maximum(a!, b!)),
  ...binary('minimum', 'torch.minimum(a, b)', (a, b) => nd.minimum(a!, b!)),
  ...binary('atan2', 'torch.atan2(a, b)', (a, b) => nd.atan2(a!, b!)),
  ...binary('logAddExp', 'torch.logaddexp(a, b)', (a, b) => nd.logAddExp(a!, b!)),
  ...binary('clamp between tensors', 'torch.clamp(a, min=b)', (a, b) => nd.clamp(a!, b!)),
  ...binary('where', 'torch.where(a > b, a, b)', (a, b) => nd.where(a!.gt(b!), a!, b!)),
  { name: 'add number', inputs: [of([3])], torch: 'a + 2.5', run: (a) => nd.add(a!, 2.5) },
  { name: 'sub from number', inputs: [of([3])], torch: '2.5 - a', run: (a) => nd.sub(2.5, a!) },
  {
    name: 'mul with int32',
    inputs: [of([3]), of([3], -4, 4, 'int32')],
    torch: 'a * b',
    run: (a, b) => nd.mul(a!, b!),
  },
  { name: 'div into number', inputs: [of([3], 0.3, 2)], torch: '2.5 / a', run: (a) => nd.div(2.5, a!) },
  {
    name: 'div of int32',
    inputs: [of([3], -4, 4, 'int32'), of([3], 1, 4, 'int32')],
    torch: 'a / b',
    run: (a, b) => nd.div(a!, b!),
    order: 0,
  },
  { name: 'pow 2', inputs: [of([2, 3])], torch: 'a ** 2', run: (a) => nd.pow(a!, 2) },
  { name: 'pow 3', inputs: [of([2, 3])], torch: 'a ** 3', run: (a) => nd.pow(a!, 3) },
  { name: 'pow 0', inputs: [of([2, 3])], torch: 'a ** 0', run: (a) => nd.pow(a!, 0) },
  { name: 'pow 0.5', inputs: [of([2, 3], 0.2, 3)], torch: 'a ** 0.5', run: (a) => nd.pow(a!, 0.5) },
  { name: 'pow -1', inputs: [of([2, 3], 0.2, 3)], torch: 'a ** -1', run: (a) => nd.pow(a!, -1) },
  { name: 'pow of number', inputs: [of([2, 3])], torch: '2 ** a', run: (a) => nd.pow(2, a!) },
  {
    name: 'lerp by number',
    inputs: [of([2, 3]), of([3])],
    torch: 'torch.lerp(a, b.expand(2, 3), 0.3)',
    run: (a, b) => nd.lerp(a!, b!, 0.3),
  },
  {
    name: 'lerp by tensor',
    inputs: [of([2, 3]), of([2, 3]), of([2, 1], 0, 1)],
    torch: 'torch.lerp(a, b, c)',
    run: (a, b, c) => nd.lerp(a!, b!, c!),
  },
  {
    name: 'clamp',
    inputs: [of([2, 3])],
    torch: 'torch.clamp(a, -0.7, 0.9)',
    run: (a) => nd.clamp(a!, -0.7, 0.9),
  },
  {
    name: 'clamp from below',
    inputs: [of([2, 3])],
    torch: 'torch.clamp(a, min=-0.7)',
    run: (a) => nd.clamp(a!, -0.7),
  },
  {
    name: 'where with number',
    inputs: [of([2, 3], 0, 1, 'bool'), of([3])],
    torch: 'torch.where(a, b, torch.tensor(0.5, dtype=torch.float64))',
    run: (a, b) => nd.where(a!, b!, 0.5),
  },
  {
    name: 'maskedFill',
    inputs: [of([2, 3]), of([3], 0, 1, 'bool')],
    torch: 'a.masked_fill(b, -5.0)',
    run: (a, b) => nd.maskedFill(a!, b!, -5),
  },
  {
    name: 'maskedFill with tensor',
    inputs: [of([2, 3]), of([3], 0, 1, 'bool'), of([])],
    torch: 'a.masked_fill(b, c)',
    run: (a, b, c) => nd.maskedFill(a!, b!, c!),
  },

  ...comparisons(),
  ...predicates(),
  ...bits(),
];

function comparisons(): OperationCase[] {
  const pairs: Readonly<Record<string, readonly [string, (a: Tensor, b: Tensor) => Tensor]>> = {
    eq: ['a == b', nd.eq],
    ne: ['a != b', nd.ne],
    lt: ['a < b', nd.lt],
    le: ['a <= b', nd.le],
    gt: ['a > b', nd.gt],
    ge: ['a >= b', nd.ge],
    logicalAnd: ['torch.logical_and(a, b)', nd.logicalAnd],
    logicalOr: ['torch.logical_or(a, b)', nd.logicalOr],
    logicalXor: ['torch.logical_xor(a, b)', nd.logicalXor],
    isClose: ['torch.isclose(a, b)', nd.isClose],
  };
  const inputs = [
    given([
      [0, 1, 2],
      [1, NaN, 0],
    ]),
    given([1, 1, 0]),
  ];
  return Object.entries(pairs).map(([name, [torch, run]]) => ({
    name,
    inputs,
    torch,
    run: (a, b) => run(a!, b!),
    order: 0,
  }));
}

function predicates(): OperationCase[] {
  const inputs = [given([0, 1, NaN, Infinity, -Infinity])];
  return [
    { name: 'isNaN', inputs, torch: 'torch.isnan(a)', run: nd.isNaN, order: 0 },
    { name: 'isInf', inputs, torch: 'torch.isinf(a)', run: nd.isInf, order: 0 },
    { name: 'isFinite', inputs, torch: 'torch.isfinite(a)', run: nd.isFinite, order: 0 },
    { name: 'logicalNot', inputs, torch: 'torch.logical_not(a)', run: nd.logicalNot, order: 0 },
  ];
}

function bits(): OperationCase[] {
  const inputs = [of([2, 3], -99, 99, 'int32'), of([3], 0, 9, 'int32')];
  return [
    { name: 'bitwiseAnd', inputs, torch: 'a & b', run: (a, b) => nd.bitwiseAnd(a!, b!), order: 0 },
    { name: 'bitwiseOr', inputs, torch: 'a | b', run: (a, b) => nd.bitwiseOr(a!, b!), order: 0 },
    { name: 'bitwiseXor', inputs, torch: 'a ^ b', run: (a, b) => nd.bitwiseXor(a!, b!), order: 0 },
    { name: 'bitwiseNot', inputs: [inputs[0]!], torch: '~a', run: nd.bitwiseNot, order: 0 },
    { name: 'shiftLeft', inputs, torch: 'a << b', run: (a, b) => nd.shiftLeft(a!, b!), order: 0 },
    // The shift is logical here and arithmetic in torch: equal for what is not negative.
    {
      name: 'shiftRight',
      inputs: [of([2, 3], 0, 99, 'int32'), inputs[1]!],
      torch: 'a >> b',
      run: (a, b) => nd.shiftRight(a!, b!),
      order: 0,
    },
  ];
}
