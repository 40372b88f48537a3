import { makeCategorical, makeFloat, makeInt } from '../distribution.ts';
import type { CategoricalChoice, Distribution, ParamValue } from '../distribution.ts';
import type { Suggester } from '../space.ts';
import type { Warn } from '../warning.ts';

/** Picks the value of one parameter. */
export type Choose = (name: string, distribution: Distribution) => ParamValue;

// Ranges are announced when the study's own suggestions adjust them.
const silent: Warn = () => {};

/** Walks a space function without a trial: every suggestion is answered by a function. */
export class ChoosingSuggester implements Suggester {
  readonly #choose: Choose;

  constructor(choose: Choose) {
    this.#choose = choose;
  }

  suggestFloat(...[name, low, high, options = {}]: Parameters<Suggester['suggestFloat']>): number {
    return this.#choose(name, makeFloat('suggestFloat()', low, high, options, silent)) as number;
  }

  suggestInt(...[name, low, high, options = {}]: Parameters<Suggester['suggestInt']>): number {
    return this.#choose(name, makeInt('suggestInt()', low, high, options, silent)) as number;
  }

  suggestCategorical<const T extends readonly CategoricalChoice[]>(name: string, choices: T): T[number] {
    return this.#choose(name, makeCategorical('suggestCategorical()', choices)) as T[number];
  }
}
