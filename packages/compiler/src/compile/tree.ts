import { ProgramError, Tensor } from '@nadir/tensor';

/** What may stand beside tensors in arguments and results: part of the program, not of its data. */
export type Constant = number | boolean | string | bigint | null | undefined;

/** The structure of arguments or results, with numbers in place of the tensors. */
export type Tree =
  | { readonly kind: 'tensor'; readonly index: number }
  | { readonly kind: 'constant'; readonly value: Constant }
  | { readonly kind: 'array'; readonly items: readonly Tree[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [name: string, tree: Tree])[] };

/** A structure and its tensors; a tensor that comes twice is one. */
export interface Flat {
  readonly tree: Tree;
  readonly tensors: readonly Tensor[];
}

function isConstant(value: unknown): value is Constant {
  return value === null || ['number', 'boolean', 'string', 'bigint', 'undefined'].includes(typeof value);
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function kindOf(value: unknown): string {
  if (typeof value !== 'object') return `a ${typeof value}`;
  return (value as object).constructor?.name ?? 'an object';
}

/**
 * Takes a value apart. Throws a ProgramError that names the place, which begins with `root`, for what is neither a tensor,
 * a constant, an array nor a plain object.
 */
export function flatten(root: string, value: unknown): Flat {
  const indices = new Map<Tensor, number>();
  const visit = (value: unknown, place: string): Tree => {
    if (value instanceof Tensor) {
      const index = indices.get(value) ?? indices.size;
      indices.set(value, index);
      return { kind: 'tensor', index };
    }
    if (isConstant(value)) return { kind: 'constant', value };
    if (Array.isArray(value)) {
      return { kind: 'array', items: value.map((item, index) => visit(item, `${place}[${index}]`)) };
    }
    if (isPlain(value)) {
      const entries = Object.entries(value);
      return {
        kind: 'object',
        entries: entries.map(([name, item]) => [name, visit(item, `${place}.${name}`)]),
      };
    }
    throw new ProgramError(
      `compile(): ${place} must be made of tensors, numbers, booleans, strings, null, arrays and plain objects, ` +
        `got ${kindOf(value)}. Make arrays of numbers tensors, and use models and optimizers from outside the step.`,
    );
  };
  const tree = visit(value, root);
  return { tree, tensors: [...indices.keys()] };
}

/** Puts a value together again, with other tensors. */
export function build(tree: Tree, tensors: readonly Tensor[]): unknown {
  switch (tree.kind) {
    case 'tensor':
      return tensors[tree.index]!;
    case 'constant':
      return tree.value;
    case 'array':
      return tree.items.map((item) => build(item, tensors));
    case 'object':
      return Object.fromEntries(tree.entries.map(([name, item]) => [name, build(item, tensors)]));
  }
}

/** A constant as text; different ones have different texts. */
export function formatConstant(value: Constant): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  return Object.is(value, -0) ? '-0' : String(value);
}

/** A structure as text; different ones have different texts. */
export function formatTree(tree: Tree): string {
  switch (tree.kind) {
    case 'tensor':
      return `%${tree.index}`;
    case 'constant':
      return formatConstant(tree.value);
    case 'array':
      return `[${tree.items.map(formatTree).join(', ')}]`;
    case 'object':
      return `{${tree.entries.map(([name, item]) => `${JSON.stringify(name)}: ${formatTree(item)}`).join(', ')}}`;
  }
}
