import { apply, isFloat, type PrimitiveAttributes, type PrimitiveName, type Tensor } from '@nadir/tensor';
import { primitiveSamples, type Sample } from '@nadir/tensor/testing';
import { describe, expect, it } from 'vitest';
import { parameter } from '../../src/index.ts';
import { checkGradients } from '../../src/testing/index.ts';

/** How often finite differences can confirm a primitive: 0 for one without gradients, 1 where slopes jump between samples. */
const orders: { readonly [P in PrimitiveName]: 0 | 1 | 2 } = {
  neg: 2,
  abs: 2,
  sign: 2,
  floor: 2,
  ceil: 2,
  round: 2,
  trunc: 2,
  exp: 2,
  expm1: 2,
  log: 2,
  log1p: 2,
  sqrt: 2,
  sin: 2,
  cos: 2,
  tanh: 2,
  sigmoid: 2,
  erf: 2,
  not: 0,
  add: 2,
  sub: 2,
  mul: 2,
  div: 2,
  pow: 2,
  // An odd number of elements reversed has a tie in the middle.
  maximum: 1,
  minimum: 1,
  remainder: 2,
  atan2: 2,
  and: 0,
  or: 0,
  xor: 0,
  shiftLeft: 0,
  shiftRight: 0,
  eq: 0,
  lt: 0,
  le: 0,
  where: 2,
  cast: 2,
  copy: 2,
  reshape: 2,
  permute: 2,
  expand: 2,
  slice: 2,
  flip: 2,
  pad: 2,
  concat: 2,
  sum: 2,
  prod: 2,
  max: 2,
  min: 2,
  argMax: 0,
  argMin: 0,
  cumSum: 2,
  argSort: 0,
  matmul: 2,
  conv: 2,
  convInputGrad: 2,
  convWeightGrad: 2,
  maxPool: 2,
  maxPoolGather: 2,
  maxPoolScatter: 2,
  averagePool: 2,
  averagePoolGrad: 2,
  take: 2,
  scatterAdd: 2,
  full: 0,
  iota: 0,
  randomBits: 0,
  randomAdvance: 0,
};

/** Differences take two runs per element: larger samples add time and nothing else. */
const largest = 600;

/** These choose by their first operand, which therefore has no gradient. */
const chosenByFirst: ReadonlySet<PrimitiveName> = new Set(['maxPoolGather', 'maxPoolScatter']);

function run<P extends PrimitiveName>(name: P, sample: Sample<PrimitiveAttributes[P]>): void {
  const { inputs, attributes } = sample;
  const isFixed = (x: Tensor, index: number): boolean =>
    !isFloat(x.dtype) || (index === 0 && chosenByFirst.has(name));
  const variables = inputs.filter((x, index) => !isFixed(x, index));
  const f = (...values: Tensor[]): Tensor => {
    let next = 0;
    return apply(
      name,
      inputs.map((x, index) => (isFixed(x, index) ? x : values[next++]!)),
      attributes,
    );
  };
  const output = f(...variables.map((x) => parameter(x)));
  if (orders[name] === 0 || !isFloat(output.dtype)) {
    expect(output.requiresGrad).toBe(false);
    return;
  }
  expect(output.requiresGrad).toBe(true);
  if (output.dtype === 'float32') {
    expect(name).toBe('cast');
    return;
  }
  const order = orders[name];
  expect(() => checkGradients(f, variables, { order })).not.toThrow();
}

for (const name of Object.keys(orders) as PrimitiveName[]) {
  describe(name, () => {
    const samples = primitiveSamples[name]('float64') as readonly Sample<PrimitiveAttributes[typeof name]>[];
    const small = samples.filter(({ inputs }) => inputs.every((x) => x.size <= largest));
    for (const [index, sample] of small.entries()) {
      it(`${index}: ${sample.name}`, () => run(name, sample));
    }
  });
}
