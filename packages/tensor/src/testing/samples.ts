import { PhiloxGenerator } from '@nadir/random';
import { allocate } from '../allocation.ts';
import type { DType, FloatDType } from '../dtype.ts';
import { fresh } from '../eager/layout.ts';
import type {
  AxesAttributes,
  AxisAttributes,
  NoAttributes,
  PrimitiveAttributes,
  PrimitiveName,
} from '../primitives.ts';
import { none } from '../primitives.ts';
import { sizeOf, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** Operands and attributes to try a primitive on. */
export interface Sample<Attributes> {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
}

/** Samples of every primitive, for operands of a float dtype. */
export type SampleTable = {
  readonly [P in PrimitiveName]: (dtype: FloatDType) => readonly Sample<PrimitiveAttributes[P]>[];
};

interface Range {
  readonly low?: number;
  readonly high?: number;
}

/** Reproducible values in [low, high), by default [−2, 2); whole numbers for integers, 0 and 1 for bool. */
export function sampleTensor(shape: Shape, dtype: DType, { low = -2, high = 2 }: Range = {}): Tensor {
  const size = sizeOf(shape);
  const array = allocate(dtype, size);
  const generator = new PhiloxGenerator({ seed: size * 31 + shape.length });
  for (let i = 0; i < size; i++) {
    const value = low + (high - low) * generator.uniform53();
    array[i] =
      dtype === 'bool'
        ? Number(value > (low + high) / 2)
        : dtype.startsWith('float')
          ? value
          : Math.floor(value);
  }
  return fresh(array, shape, dtype);
}

/** The same elements shown through strides that are not row-major. */
function strided(x: Tensor): Tensor {
  const reversed = x.shape.map((_, axis) => x.rank - 1 - axis);
  return x.permute(reversed).contiguous().permute(reversed);
}

const shapes: readonly Shape[] = [[], [5], [1, 4], [3, 2], [2, 0, 3], [2, 1, 3]];

function forShapes(make: (shape: Shape) => readonly Tensor[]): Sample<NoAttributes>[] {
  const plain = shapes.map((shape) => ({
    name: `[${shape.join(', ')}]`,
    inputs: make(shape),
    attributes: none,
  }));
  const views = { name: 'strided [3, 4]', inputs: make([3, 4]).map(strided), attributes: none };
  const large = { name: '[37, 29]', inputs: make([37, 29]), attributes: none };
  const spread = make([1, 3]).map((x) => x.expand([4, 3]));
  return [...plain, views, large, { name: 'expanded [4, 3]', inputs: spread, attributes: none }];
}

type Samples = (dtype: FloatDType) => readonly Sample<NoAttributes>[];

function unary(range?: Range): Samples {
  return (dtype) => forShapes((shape) => [sampleTensor(shape, dtype, range)]);
}

function binary(left?: Range, right: Range | undefined = left): Samples {
  return (dtype) =>
    forShapes((shape) => [sampleTensor(shape, dtype, left), sampleTensor(shape, dtype, right).flip()]);
}

const integers: Samples = () =>
  forShapes((shape) => [
    sampleTensor(shape, 'int32', { low: -9, high: 9 }),
    sampleTensor(shape, 'int32', { low: 1, high: 7 }),
  ]);

const bytes: Samples = () => forShapes((shape) => [sampleTensor(shape, 'uint8', { low: 0, high: 255 })]);

function reduction(low?: number): (dtype: FloatDType) => readonly Sample<AxesAttributes>[] {
  return (dtype) => {
    const range = low === undefined ? {} : { low };
    const cases: readonly (readonly [Tensor, readonly number[]])[] = [
      [sampleTensor([], dtype, range), []],
      [sampleTensor([7], dtype, range), [0]],
      [sampleTensor([3, 4], dtype, range), [0]],
      [sampleTensor([3, 4], dtype, range), [1]],
      [strided(sampleTensor([3, 4], dtype, range)), [1]],
      [sampleTensor([2, 3, 4], dtype, range), [0, 2]],
      [sampleTensor([2, 3, 4], dtype, range), [0, 1, 2]],
      [sampleTensor([2, 1, 3], dtype, range), [1]],
      [sampleTensor([0, 3], dtype, range), [1]],
    ];
    return cases.map(([x, axes]) => ({
      name: `[${x.shape.join(', ')}] over ${axes.join()}`,
      inputs: [x],
      attributes: { axes },
    }));
  };
}

function axisIndex(dtype: FloatDType): Sample<AxisAttributes>[] {
  return [0, 1, 2].map((axis) => ({
    name: `axis ${axis}`,
    inputs: [sampleTensor([3, 4, 2], dtype)],
    attributes: { axis },
  }));
}

const same = [
  [1, 1],
  [1, 1],
] as const;
const uneven = [
  [0, 1],
  [2, 0],
] as const;
const convolutions = [
  { stride: [1, 1], padding: same, dilation: [1, 1], groups: 1 },
  { stride: [2, 1], padding: uneven, dilation: [1, 2], groups: 2 },
] as const;
const pools = [
  {
    kernel: [2, 2],
    stride: [2, 2],
    padding: [
      [0, 0],
      [0, 0],
    ],
    dilation: [1, 1],
  },
  { kernel: [3, 2], stride: [1, 2], padding: same, dilation: [1, 2] },
] as const;
const averages = [
  {
    kernel: [2, 2],
    stride: [2, 2],
    padding: [
      [0, 0],
      [0, 0],
    ],
    countIncludePad: true,
  },
  { kernel: [3, 2], stride: [1, 2], padding: same, countIncludePad: false },
] as const;
/** Output height and width of the two pools on 6 × 7 images. */
const pooledSizes = [
  [3, 3],
  [6, 4],
] as const;
const averagedSizes = [
  [3, 3],
  [6, 4],
] as const;
const convolvedSizes = [
  [6, 7],
  [3, 5],
] as const;

function state(): Tensor {
  return fresh(Int32Array.of(7, 11, -3, 0), [4], 'int32');
}

export const primitiveSamples: SampleTable = {
  neg: unary(),
  abs: unary(),
  sign: unary(),
  floor: unary(),
  ceil: unary(),
  round: unary(),
  trunc: unary(),
  exp: unary(),
  expm1: unary(),
  log: unary({ low: 0.1, high: 4 }),
  log1p: unary({ low: -0.9, high: 4 }),
  sqrt: unary({ low: 0.1, high: 4 }),
  sin: unary({ low: -7, high: 7 }),
  cos: unary({ low: -7, high: 7 }),
  tanh: unary(),
  sigmoid: unary({ low: -9, high: 9 }),
  erf: unary(),
  not: bytes,

  add: binary(),
  sub: binary(),
  mul: binary(),
  div: binary({}, { low: 0.5, high: 2 }),
  pow: binary({ low: 0.2, high: 2 }, {}),
  maximum: binary(),
  minimum: binary(),
  remainder: binary({ low: -7, high: 7 }, { low: 0.5, high: 2 }),
  atan2: binary(),
  and: integers,
  or: integers,
  xor: integers,
  shiftLeft: integers,
  shiftRight: integers,
  eq: binary({ low: 0, high: 3 }),
  lt: binary(),
  le: binary(),

  where: (dtype) =>
    forShapes((shape) => [
      sampleTensor(shape, 'bool'),
      sampleTensor(shape, dtype),
      sampleTensor(shape, dtype).flip(),
    ]),
  cast: (dtype) =>
    (['bool', 'uint8', 'int32', 'float32', 'float64'] as const).map((to) => ({
      name: `to ${to}`,
      inputs: [sampleTensor([4, 5], dtype, { low: -300, high: 300 })],
      attributes: { dtype: to },
    })),
  copy: unary(),

  reshape: (dtype) => [
    { name: 'view', inputs: [sampleTensor([3, 4], dtype)], attributes: { shape: [2, 6] } },
    { name: 'copy', inputs: [strided(sampleTensor([3, 4], dtype))], attributes: { shape: [12] } },
    { name: 'scalar', inputs: [sampleTensor([1, 1], dtype)], attributes: { shape: [] } },
    { name: 'empty', inputs: [sampleTensor([0, 3], dtype)], attributes: { shape: [5, 0] } },
  ],
  permute: (dtype) => [
    { name: 'reversed', inputs: [sampleTensor([2, 3, 4], dtype)], attributes: { axes: [2, 1, 0] } },
    { name: 'of a view', inputs: [strided(sampleTensor([2, 3, 4], dtype))], attributes: { axes: [1, 2, 0] } },
  ],
  expand: (dtype) => [
    { name: 'scalar', inputs: [sampleTensor([], dtype)], attributes: { shape: [2, 3] } },
    { name: 'axis', inputs: [sampleTensor([3, 1], dtype)], attributes: { shape: [2, 3, 4] } },
    { name: 'to empty', inputs: [sampleTensor([1], dtype)], attributes: { shape: [0] } },
  ],
  slice: (dtype) => [
    {
      name: 'steps',
      inputs: [sampleTensor([5, 6], dtype)],
      attributes: { starts: [1, 0], stops: [5, 6], steps: [2, 3] },
    },
    {
      name: 'empty',
      inputs: [sampleTensor([5, 6], dtype)],
      attributes: { starts: [2, 1], stops: [2, 4], steps: [1, 1] },
    },
  ],
  flip: (dtype) => [
    { name: 'one axis', inputs: [sampleTensor([3, 4], dtype)], attributes: { axes: [1] } },
    { name: 'all axes', inputs: [strided(sampleTensor([3, 4], dtype))], attributes: { axes: [0, 1] } },
  ],
  pad: (dtype) => [
    {
      name: 'outside and between',
      inputs: [sampleTensor([3, 2], dtype)],
      attributes: { low: [1, 0], high: [0, 2], interior: [0, 2], value: 0.5 },
    },
    {
      name: 'empty',
      inputs: [sampleTensor([0, 2], dtype)],
      attributes: { low: [1, 0], high: [1, 0], interior: [1, 0], value: 0 },
    },
  ],
  concat: (dtype) => [
    {
      name: 'three',
      inputs: [
        sampleTensor([2, 3], dtype),
        strided(sampleTensor([2, 1], dtype)),
        sampleTensor([2, 0], dtype),
      ],
      attributes: { axis: 1 },
    },
    {
      name: 'rows',
      inputs: [sampleTensor([2, 3], dtype), sampleTensor([1, 3], dtype)],
      attributes: { axis: 0 },
    },
  ],

  sum: reduction(),
  prod: reduction(0.5),
  max: reduction(),
  min: reduction(),
  argMax: axisIndex,
  argMin: axisIndex,
  cumSum: (dtype) =>
    [false, true].flatMap((reverse) =>
      [0, 1].map((axis) => ({
        name: `axis ${axis}`,
        inputs: [sampleTensor([4, 3], dtype)],
        attributes: { axis, reverse },
      })),
    ),
  argSort: (dtype) =>
    [false, true].flatMap((descending) =>
      [5, 2].map((count) => ({
        name: `first ${count}`,
        inputs: [sampleTensor([3, 5], dtype)],
        attributes: { axis: 1, descending, count },
      })),
    ),

  matmul: (dtype) => [
    {
      name: 'matrices',
      inputs: [sampleTensor([3, 4], dtype), sampleTensor([4, 5], dtype)],
      attributes: none,
    },
    {
      name: 'strided',
      inputs: [strided(sampleTensor([7, 9], dtype)), sampleTensor([5, 9], dtype).T],
      attributes: none,
    },
    {
      name: 'batch',
      inputs: [sampleTensor([2, 3, 4], dtype), sampleTensor([1, 4, 2], dtype).expand([2, 4, 2])],
      attributes: none,
    },
    {
      name: 'nothing to add',
      inputs: [sampleTensor([2, 0], dtype), sampleTensor([0, 3], dtype)],
      attributes: none,
    },
    {
      name: 'larger',
      inputs: [sampleTensor([65, 70], dtype), sampleTensor([70, 67], dtype)],
      attributes: none,
    },
  ],
  conv: (dtype) =>
    convolutions.map((attributes) => ({
      name: `groups ${attributes.groups}`,
      inputs: [sampleTensor([2, 4, 6, 7], dtype), sampleTensor([6, 4 / attributes.groups, 3, 3], dtype)],
      attributes,
    })),
  convInputGrad: (dtype) =>
    convolutions.map((attributes, index) => ({
      name: `groups ${attributes.groups}`,
      inputs: [
        sampleTensor([2, 6, ...convolvedSizes[index]!], dtype),
        sampleTensor([6, 4 / attributes.groups, 3, 3], dtype),
      ],
      attributes: { ...attributes, size: [6, 7] },
    })),
  convWeightGrad: (dtype) =>
    convolutions.map((attributes, index) => ({
      name: `groups ${attributes.groups}`,
      inputs: [sampleTensor([2, 4, 6, 7], dtype), sampleTensor([2, 6, ...convolvedSizes[index]!], dtype)],
      attributes: { ...attributes, size: [3, 3] },
    })),

  maxPool: (dtype) =>
    pools.map((attributes) => ({
      name: attributes.kernel.join(' × '),
      inputs: [sampleTensor([2, 3, 6, 7], dtype)],
      attributes,
    })),
  maxPoolGather: (dtype) =>
    pools.map((attributes) => ({
      name: attributes.kernel.join(' × '),
      inputs: [sampleTensor([2, 3, 6, 7], dtype), sampleTensor([2, 3, 6, 7], dtype).flip()],
      attributes,
    })),
  maxPoolScatter: (dtype) =>
    pools.map((attributes, index) => ({
      name: attributes.kernel.join(' × '),
      inputs: [sampleTensor([2, 3, 6, 7], dtype), sampleTensor([2, 3, ...pooledSizes[index]!], dtype)],
      attributes,
    })),
  averagePool: (dtype) =>
    averages.map((attributes) => ({
      name: attributes.kernel.join(' × '),
      inputs: [sampleTensor([2, 3, 6, 7], dtype)],
      attributes,
    })),
  averagePoolGrad: (dtype) =>
    averages.map((attributes, index) => ({
      name: attributes.kernel.join(' × '),
      inputs: [sampleTensor([2, 3, ...averagedSizes[index]!], dtype)],
      attributes: { ...attributes, size: [6, 7] },
    })),

  take: (dtype) => [
    {
      name: 'matrix of indices',
      inputs: [sampleTensor([3, 4], dtype), sampleTensor([2, 3], 'int32', { low: -4, high: 4 })],
      attributes: { axis: 1 },
    },
    {
      name: 'one index',
      inputs: [sampleTensor([3, 4], dtype), sampleTensor([], 'int32', { low: 0, high: 3 })],
      attributes: { axis: 0 },
    },
  ],
  scatterAdd: (dtype) => [
    {
      name: 'repeated indices',
      inputs: [sampleTensor([6], 'int32', { low: -3, high: 3 }), sampleTensor([2, 6], dtype)],
      attributes: { axis: 1, size: 3 },
    },
    {
      name: 'matrix of indices',
      inputs: [sampleTensor([2, 2], 'int32', { low: 0, high: 4 }), sampleTensor([2, 2, 3], dtype)],
      attributes: { axis: 0, size: 4 },
    },
  ],

  full: (dtype) => [{ name: 'matrix', inputs: [], attributes: { shape: [2, 3], dtype, value: 1.5 } }],
  iota: (dtype) => [{ name: 'seven', inputs: [], attributes: { size: 7, dtype } }],
  randomBits: () => [{ name: 'matrix', inputs: [state()], attributes: { shape: [3, 5] } }],
  randomAdvance: () => [{ name: 'over a carry', inputs: [state()], attributes: { blocks: 5 } }],
};
