import { isSingle } from '../distribution.ts';
import type { Distribution, ParamValue } from '../distribution.ts';
import type { FrozenTrial } from '../frozen-trial.ts';
import type { Params, Space } from '../space.ts';
import { suggestSpace } from '../space.ts';
import { ChoosingSuggester } from './choosing-suggester.ts';
import type { Choose } from './choosing-suggester.ts';
import type { SamplerContext } from './sampler.ts';

/**
 * Which parameters a trial of the study would suggest, given the values of those before: what a sampler that proposes
 * jointly has to know of a space with conditions.
 */
export interface SpaceTree {
  /** Asks `choose` for each parameter as a trial would, but not for those of a single value, and returns them all. */
  walk(choose: Choose): Params;
}

/** A parameter that was suggested, and when. */
interface Branch {
  readonly name: string;
  readonly distribution: Distribution;
  /** It is suggested where `parent` has one of `values`; undefined: always. */
  readonly condition: { readonly parent: string; readonly values: ReadonlySet<ParamValue> } | undefined;
}

/**
 * The tree of a study: of its declared space, or else of what its ended trials suggested. Then a parameter that some of
 * them lack is taken to depend on the value of one other parameter; where no such rule fits, it is left out of the tree.
 */
export function spaceTree(context: Pick<SamplerContext, 'space' | 'history'>): SpaceTree {
  const { space } = context;
  return space === undefined ? learnedTree(context.history()) : declaredTree(space);
}

function declaredTree(space: Space): SpaceTree {
  return {
    walk: (choose) => {
      const params: Record<string, ParamValue> = {};
      const suggester = new ChoosingSuggester((name, distribution) => {
        if (!(name in params)) params[name] = valueOf(name, distribution, choose);
        return params[name] as ParamValue;
      });
      suggestSpace('space', space, suggester, () => params);
      return params;
    },
  };
}

function valueOf(name: string, distribution: Distribution, choose: Choose): ParamValue {
  if (!isSingle(distribution)) return choose(name, distribution);
  return distribution.type === 'categorical' ? (distribution.choices[0] as ParamValue) : distribution.low;
}

function learnedTree(history: readonly FrozenTrial[]): SpaceTree {
  const branches = learnBranches(history.filter((trial) => Object.keys(trial.distributions).length > 0));
  return {
    walk: (choose) => {
      const params: Record<string, ParamValue> = {};
      for (const { name, distribution, condition } of branches) {
        if (condition !== undefined && !condition.values.has(params[condition.parent] as ParamValue))
          continue;
        params[name] = valueOf(name, distribution, choose);
      }
      return params;
    },
  };
}

/** The parameters that ended trials suggested, those that others depend on first. */
export function learnBranches(trials: readonly FrozenTrial[]): readonly Branch[] {
  const names = [...new Set(trials.flatMap((trial) => Object.keys(trial.distributions)))].toSorted();
  const columns = new Map(names.map((name) => [name, columnOf(name, trials)]));
  // A parameter depends on one that is suggested more often: so in this order parents come first.
  const order = names.toSorted((a, b) => columns.get(b)!.count - columns.get(a)!.count);
  const branches: Branch[] = [];
  for (const name of order) {
    const column = columns.get(name)!;
    if (column.count === trials.length) {
      branches.push({ name, distribution: column.distribution, condition: undefined });
      continue;
    }
    const parents = branches
      .map((branch) => ({ name: branch.name, column: columns.get(branch.name)! }))
      .flatMap((parent) => {
        const values = decidingValues(parent.column, column);
        return values === undefined ? [] : [{ parent, values }];
      })
      .toSorted((a, b) => rankOf(a.parent.column) - rankOf(b.parent.column));
    const [closest] = parents;
    if (closest === undefined) continue;
    const condition = { parent: closest.parent.name, values: closest.values };
    branches.push({ name, distribution: column.distribution, condition });
  }
  return branches;
}

interface Column {
  /** The value in each trial; undefined where it was not suggested. */
  readonly values: readonly (ParamValue | undefined)[];
  readonly count: number;
  readonly distinct: number;
  /** As last suggested. */
  readonly distribution: Distribution;
}

function columnOf(name: string, trials: readonly FrozenTrial[]): Column {
  const values = trials.map(({ distributions, params }) =>
    distributions[name] === undefined ? undefined : params[name],
  );
  const known = values.filter((value) => value !== undefined);
  const distribution = trials.findLast((trial) => trial.distributions[name] !== undefined)!.distributions[
    name
  ]!;
  return { values, count: known.length, distinct: new Set(known).size, distribution };
}

/**
 * The values of a parent that go with a child, if the parent's value alone decides whether the child is suggested, so
 * far as trials tell. Real numbers decide nothing: no two trials share one.
 */
function decidingValues(parent: Column, child: Column): ReadonlySet<ParamValue> | undefined {
  if (parent.distribution.type === 'float' || parent.count === child.count) return undefined;
  const withChild = new Set<ParamValue>();
  const without = new Set<ParamValue>();
  for (const [index, value] of parent.values.entries()) {
    const hasChild = child.values[index] !== undefined;
    if (value !== undefined) (hasChild ? withChild : without).add(value);
    else if (hasChild) return undefined;
  }
  return [...withChild].some((value) => without.has(value)) ? undefined : withChild;
}

/** Of several parents that would do: one suggested as seldom as possible, then one of few values. */
function rankOf(parent: Column): number {
  return parent.count + parent.distinct / (parent.count + 1);
}
