import { readFileSync } from 'node:fs';
import * as tensorPackage from '@nadir/tensor';
import { isFloat, tensor, Tensor, type DType, concat, repeat, slice, zerosLike } from '@nadir/tensor';
import { assertAllClose } from '@nadir/tensor/testing';
import { describe, expect, it } from 'vitest';
import { gradients, parameter } from '../../src/index.ts';
import { checkGradients } from '../../src/testing/index.ts';
import { operationCases } from './cases/index.ts';
import { elementsOf, operandTensor, type OperationCase } from './cases/operation-case.ts';

interface Stored {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly (number | string)[];
}

interface Fixture {
  readonly name: string;
  readonly inputs: readonly Stored[];
  readonly results: readonly Stored[];
  readonly seeds: readonly Stored[] | null;
  readonly gradients: readonly (Stored | null)[] | null;
}

const file = new URL('../fixtures/operations.json', import.meta.url);
const { torch, cases: fixtures } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly torch: string;
  readonly cases: readonly Fixture[];
};
const byName = new Map(fixtures.map((fixture) => [fixture.name, fixture]));

function restored({ shape, dtype, data }: Stored): Tensor {
  return tensor(data.map(Number), { dtype: 'float64' }).cast(dtype).reshape(shape);
}

/** The same elements, laid out from the last axis to the first, every other place unused. */
function strided(x: Tensor): Tensor {
  if (x.rank === 0 || x.size === 0) return x;
  const reversed = x.shape.map((_, axis) => x.rank - 1 - axis);
  const spread = repeat(x.permute(reversed).contiguous(), 2, 0);
  return spread.at(slice(null, null, 2)).permute(reversed);
}

function operands(one: OperationCase): Tensor[] {
  return one.inputs.map((operand, position) => operandTensor(operand, elementsOf(operand, position)));
}

function agree(actual: Tensor, want: Stored): void {
  expect(actual.shape).toEqual(want.shape);
  expect(actual.dtype).toBe(want.dtype);
  assertAllClose(actual, restored(want));
}

function compareWithTorch(one: OperationCase, layout: (x: Tensor) => Tensor): void {
  const fixture = byName.get(one.name)!;
  const inputs = operands(one).map((x) => (isFloat(x.dtype) ? parameter(layout(x)) : layout(x)));
  inputs.forEach((x, i) => agree(x, fixture.inputs[i]!));
  const output = one.run(...inputs);
  const results = output instanceof Tensor ? [output] : output;
  expect(results.length).toBe(fixture.results.length);
  results.forEach((result, i) => agree(result, fixture.results[i]!));
  if (fixture.gradients === null) {
    for (const result of results) expect(result.requiresGrad && !result.history!.isLeaf).toBe(false);
    return;
  }
  const recorded = results.filter((result) => result.requiresGrad);
  const seeds = results.flatMap((result, i) => (result.requiresGrad ? [restored(fixture.seeds![i]!)] : []));
  const variables = inputs.filter((x) => isFloat(x.dtype));
  const found = gradients(recorded, variables, { seeds, allowUnused: true });
  variables.forEach((x, i) => {
    const want = fixture.gradients![inputs.indexOf(x)] ?? null;
    const got = found[i] ?? zerosLike(x);
    if (want === null) expect(got.equal(zerosLike(x))).toBe(true);
    else agree(got, want);
  });
}

describe(`values and gradients of torch ${torch}`, () => {
  it('has a fixture for every case, and no case twice', () => {
    const names = operationCases.map((one) => one.name);
    expect(new Set(names).size).toBe(names.length);
    expect([...byName.keys()].sort()).toEqual(names.sort());
  });

  for (const one of operationCases) {
    it(one.name, () => expect(() => compareWithTorch(one, (x) => x)).not.toThrow());
  }

  const withAxes = operationCases.filter(({ inputs }) => inputs.some(({ shape }) => shape.length > 0));
  for (const one of withAxes) {
    it(`${one.name}, strided`, () => expect(() => compareWithTorch(one, strided)).not.toThrow());
  }
});

describe('finite differences', () => {
  for (const one of operationCases.filter(({ order }) => order !== 0)) {
    it(one.name, () => {
      const flat = (...inputs: Tensor[]): Tensor => {
        const output = one.run(...inputs);
        return output instanceof Tensor ? output : concat(output.map((x) => x.reshape([x.size])));
      };
      expect(() => checkGradients(flat, operands(one), { order: one.order ?? 2 })).not.toThrow();
    });
  }
});

describe('rules of our own, where torch leaves the result open', () => {
  it('casts floats to integers by truncating and saturating, NaN to 0', () => {
    const x = tensor([NaN, Infinity, -Infinity, 1e20, -1e20, 300.7, -1.5], { dtype: 'float64' });
    const [most, least] = [2 ** 31 - 1, -(2 ** 31)];
    expect(x.cast('int32').toArray()).toEqual([0, most, least, most, least, 300, -1]);
    expect(x.cast('uint8').toArray()).toEqual([0, 255, 0, 255, 0, 255, 0]);
  });

  it('passes the gradient of clamp at NaN', () => {
    const x = parameter([NaN]);
    x.clamp(-1, 1).sum().backward();
    expect(x.grad!.toArray()).toEqual([1]);
  });
});

describe('coverage', () => {
  /** What has no gradient to check: it makes tensors from nothing, or returns something else than tensors. */
  const exempt: ReadonlySet<string> = new Set([
    'tensor',
    'full',
    'zeros',
    'ones',
    'eye',
    'arange',
    'linspace',
    'zerosLike',
    'onesLike',
    'fullLike',
    'randLike',
    'randnLike',
    'rand',
    'randn',
    'randint',
    'randperm',
    'bernoulli',
    'manualSeed',
    'defaultGenerator',
    'allClose',
    'equal',
    'slice',
    'checkWindow',
    'pairOf',
    'symmetric',
    'normalizeAxes',
    'normalizeAxis',
    'byteSize',
    'isFloat',
    'isInteger',
    'promoteDTypes',
    'resultDType',
    'infer',
    'broadcastShapes',
    'contiguousStrides',
    'formatShape',
    'reducedShape',
    'sameShape',
    'sizeOf',
    'apply',
    'applyAssign',
    'effect',
    'guard',
    'isRecording',
    'withRecorder',
    'record',
    'formatProgram',
    'verifyProgram',
    // Random: see dropout.test.ts.
    'dropout',
  ]);

  it('has a case for every exported operation', () => {
    const covered = new Set(operationCases.map(({ name }) => name.split(' ')[0]!));
    const operations = Object.entries(tensorPackage).filter(
      ([name, value]) => typeof value === 'function' && /^[a-z]/.test(name) && !exempt.has(name),
    );
    expect(operations.map(([name]) => name).filter((name) => !covered.has(name))).toEqual([]);
  });
});
