import type {
  CategoricalChoice,
  CategoricalDistribution,
  Distribution,
  FloatDistribution,
  FloatOptions,
  IntDistribution,
  IntOptions,
  ParamValue,
} from './distribution.ts';
import { StudyError, show } from './errors.ts';

/** Parameters by name. A conditional parameter is absent where its condition does not hold. */
export type Params = Readonly<Record<string, ParamValue | undefined>>;

/** What a conditional space is written against; a `Trial` is one. */
export interface Suggester {
  suggestFloat(name: string, low: number, high: number, options?: FloatOptions): number;
  suggestInt(name: string, low: number, high: number, options?: IntOptions): number;
  suggestCategorical<const T extends readonly CategoricalChoice[]>(name: string, choices: T): T[number];
}

/** A declared space: every parameter, always. */
export type SpaceRecord = Readonly<Record<string, Distribution>>;

/**
 * A conditional space: suggests what is needed and returns the suggested values under their own names.
 * It may depend on nothing but its argument.
 */
export type SpaceFunction = (suggest: Suggester) => Params;

/** A space declared ahead of the objective. */
export type Space = SpaceRecord | SpaceFunction;

type ValueOf<D> = D extends FloatDistribution | IntDistribution
  ? number
  : D extends CategoricalDistribution<infer T>
    ? T
    : never;

/**
 * The type of the parameters that a declared space gives.
 *
 * @example
 * ```ts
 * import { categorical, float } from '@nadir/tune';
 * import type { InferParams } from '@nadir/tune';
 *
 * const space = { lr: float(1e-4, 1, { log: true }), optimizer: categorical(['sgd', 'adam']) };
 * const params: InferParams<typeof space> = { lr: 0.1, optimizer: 'sgd' };
 * params.lr; // => 0.1
 * ```
 */
export type InferParams<S extends Space> = S extends (suggest: Suggester) => infer P
  ? P
  : { readonly [K in keyof S]: ValueOf<S[K]> };

/** Walks a space with any suggester and returns the parameters by name. */
export function suggestSpace(
  caller: string,
  space: Space,
  suggester: Suggester,
  suggested: () => Params,
): Params {
  if (typeof space === 'function') {
    const params = space(suggester);
    requireOwnNames(caller, params, suggested());
    return params;
  }
  const params: Record<string, ParamValue> = {};
  for (const [name, distribution] of Object.entries(space)) {
    params[name] = suggestDistribution(suggester, name, distribution);
  }
  return params;
}

function suggestDistribution(suggester: Suggester, name: string, distribution: Distribution): ParamValue {
  if (distribution.type === 'categorical') return suggester.suggestCategorical(name, distribution.choices);
  const { type, low, high, log, step } = distribution;
  const options = { log, step: log || step === null ? undefined : step };
  return type === 'float'
    ? suggester.suggestFloat(name, low, high, options)
    : suggester.suggestInt(name, low, high, options);
}

function requireOwnNames(caller: string, returned: unknown, suggested: Params): void {
  if (typeof returned !== 'object' || returned === null) {
    throw new StudyError(
      `${caller}: a space function returns an object of parameters, got ${show(returned)}.`,
    );
  }
  for (const [name, value] of Object.entries(returned)) {
    if (value === undefined) continue;
    if (!Object.is(suggested[name], value)) {
      const known = Object.entries(suggested).map(([key, item]) => `${key} = ${show(item)}`);
      throw new StudyError(
        `${caller}: a space function returns what it suggested under its own name, got ${name} = ${show(value)} ` +
          `and suggestions ${known.join(', ') || 'none'}. Compute derived values in the objective.`,
      );
    }
  }
}
