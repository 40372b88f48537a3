import { formatShape, ProgramError, type Storage, type Tensor, type ValueType } from '@nadir/tensor';
import { flatten, formatTree, type Tree } from './tree.ts';

/** The arguments of one call, as a program takes them. */
export interface Arguments {
  /** Structure, constants, shapes and dtypes as text: part of what a program is found by. */
  readonly key: string;
  readonly tree: Tree;
  /** The tensors that are data of the program. */
  readonly values: readonly Tensor[];
  readonly types: readonly ValueType[];
  /** All tensors of the tree, with `inputs` in place of the values. */
  readonly complete: (inputs: readonly Tensor[]) => readonly Tensor[];
}

const ids = new WeakMap<object, number>();
let nextId = 0;

function idOf(x: object): number {
  let id = ids.get(x);
  if (id === undefined) ids.set(x, (id = nextId++));
  return id;
}

/** The elements and the history that a tensor stands for, as text. */
function identityOf({ storage, shape, strides, offset, history }: Tensor): string {
  const layout = `${shape.join()}/${strides.join()}/${offset}`;
  return `@${idOf(storage)}/${layout}/${history === null ? '' : idOf(history)}`;
}

/**
 * Sorts the arguments of a call. A tensor is data, and another one of its shape and dtype takes its place in the next
 * call, unless it requires gradients or its storage is `shared` with what the program changes: such a tensor is captured
 * as one from outside, and another one traces another program.
 */
export function readArguments(args: readonly unknown[], shared: WeakSet<Storage>): Arguments {
  const { tree, tensors } = flatten('the arguments', args);
  const values: Tensor[] = [];
  const names: string[] = [];
  const isValue = tensors.map((x) => {
    if (x.history !== null && !x.history.isLeaf) {
      throw new ProgramError(
        `compile(): gradients cannot pass through an argument, got one of shape ${formatShape(x.shape)} that was computed ` +
          'from parameters. Compute it inside the step, or pass detach() of it.',
      );
    }
    const isOwn = x.history === null && !shared.has(x.storage);
    if (isOwn) values.push(x);
    names.push(isOwn ? `${x.dtype}[${x.shape.join()}]` : identityOf(x));
    return isOwn;
  });
  return {
    key: `${formatTree(tree)} ${names.join(' ')}`,
    tree,
    values,
    types: values.map(({ shape, dtype }) => ({ shape, dtype })),
    complete: (inputs) => {
      let next = 0;
      return tensors.map((x, index) => (isValue[index] ? inputs[next++]! : x));
    },
  };
}
