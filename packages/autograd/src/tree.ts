import { GradientError, isFloat, Tensor } from '@nadir/tensor';

/** The same structure with a gradient in place of each tensor. */
export type GradientOf<T> = T extends Tensor
  ? Tensor
  : T extends object
    ? { [K in keyof T]: GradientOf<T[K]> }
    : never;

/** The tensors of nested arrays and plain objects, and the way back. */
export interface Flat {
  readonly tensors: readonly Tensor[];
  /** The same structure with other tensors in the same order. */
  rebuild(tensors: readonly Tensor[]): unknown;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Puts what `replace` makes of each leaf in its place; arrays and plain objects are rebuilt, all else is a leaf. */
export function mapLeaves(
  tree: unknown,
  replace: (leaf: unknown, path: string) => unknown,
  path = '',
): unknown {
  if (Array.isArray(tree)) return tree.map((item, index) => mapLeaves(item, replace, `${path}[${index}]`));
  if (!isPlain(tree)) return replace(tree, path);
  const entries = Object.entries(tree);
  return Object.fromEntries(entries.map(([key, item]) => [key, mapLeaves(item, replace, `${path}.${key}`)]));
}

/** The tensors of a structure to differentiate by. Throws a GradientError for leaves that are not float tensors. */
export function flatten(op: string, tree: unknown): Flat {
  const tensors: Tensor[] = [];
  mapLeaves(tree, (leaf, path) => {
    const place = path === '' ? 'the argument' : `the argument's ${path}`;
    if (!(leaf instanceof Tensor)) {
      const got = leaf === null ? 'null' : typeof leaf === 'object' ? leaf.constructor.name : typeof leaf;
      throw new GradientError(
        `${op}(): ${place} must be a tensor, got ${got}. Only tensors in nested arrays and plain objects have gradients: pass the rest as another argument.`,
      );
    }
    if (!isFloat(leaf.dtype)) {
      throw new GradientError(
        `${op}(): ${place} must be float32 or float64, got ${leaf.dtype}. Pass it as another argument, or cast it.`,
      );
    }
    tensors.push(leaf);
  });
  return {
    tensors,
    rebuild: (others) => {
      let next = 0;
      return mapLeaves(tree, () => others[next++]!);
    },
  };
}

/** All tensors of a structure of any content. */
export function tensorsOf(tree: unknown): readonly Tensor[] {
  const tensors: Tensor[] = [];
  mapLeaves(tree, (leaf) => {
    if (leaf instanceof Tensor) tensors.push(leaf);
  });
  return tensors;
}
