import { readFileSync } from 'node:fs';
import { parameter } from '@nadir/autograd';
import { tensor, type FloatDType, type Shape, type Tensor } from '@nadir/tensor';
import {
  Adagrad,
  Adam,
  AdamW,
  RMSprop,
  SGD,
  type AdagradOptions,
  type AdamOptions,
  type RMSpropOptions,
  type SGDOptions,
} from '../src/index.ts';

export type Names = 'SGD' | 'Adam' | 'AdamW' | 'RMSprop' | 'Adagrad';
export type AnyOptions = SGDOptions & AdamOptions & RMSpropOptions & AdagradOptions;
export type AnyOptimizer = SGD | Adam | AdamW | RMSprop | Adagrad;

/** Parameters, flat, after some of the steps. */
type Trajectory = Readonly<Record<string, readonly number[]>>;

interface Case {
  readonly name: string;
  readonly optimizer: Names;
  readonly options: AnyOptions;
  readonly groups: readonly [AnyOptions, AnyOptions] | null;
  readonly float64: Trajectory;
  readonly float32: Trajectory;
}

interface Scheduled {
  readonly optimizer: 'SGD' | 'Adam';
  readonly options: AnyOptions;
  readonly scheduler: string;
  readonly lrs: readonly (readonly number[])[];
  readonly momenta: readonly (readonly number[])[];
  readonly metrics: readonly number[];
  readonly end: readonly number[];
}

export const fixture = JSON.parse(
  readFileSync(new URL('fixtures/optimizers.json', import.meta.url), 'utf8'),
) as {
  readonly torch: string;
  readonly shapes: readonly Shape[];
  readonly start: readonly number[];
  readonly gradients: readonly (readonly number[])[];
  readonly cases: readonly Case[];
  readonly skipped: readonly Omit<Case, 'float32' | 'groups'>[];
  readonly scheduled: readonly Scheduled[];
};

/** Flat numbers in the shapes of the fixture's parameters. */
function split(numbers: readonly number[], dtype: FloatDType): Tensor[] {
  let start = 0;
  return fixture.shapes.map((shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    start += size;
    return tensor(numbers.slice(start - size, start), { dtype }).reshape(shape);
  });
}

export function startParameters(dtype: FloatDType): Tensor[] {
  return split(fixture.start, dtype).map((x) => parameter(x.clone()));
}

/** All elements of all parameters, one after another. */
export function flat(parameters: readonly Tensor[]): number[] {
  return parameters.flatMap((x) => [...x.data]);
}

export function setGradients(parameters: readonly Tensor[], step: number): void {
  const gradients = split(fixture.gradients[step]!, parameters[0]!.dtype as FloatDType);
  for (const [index, x] of parameters.entries()) x.grad = gradients[index]!;
}

const classes = { SGD, Adam, AdamW, RMSprop, Adagrad };

export function build(
  name: Names,
  parameters: readonly Tensor[],
  options: AnyOptions,
  groups: readonly [AnyOptions, AnyOptions] | null = null,
): AnyOptimizer {
  const params =
    groups === null
      ? parameters
      : [
          { params: parameters.slice(0, 1), ...groups[0] },
          { params: parameters.slice(1), ...groups[1] },
        ];
  return new classes[name](params, options);
}

/** The greatest difference, relative to numbers above 1. */
export function distance(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) return NaN;
  return Math.max(
    ...actual.map((value, i) => Math.abs(value - expected[i]!) / Math.max(1, Math.abs(expected[i]!))),
  );
}
