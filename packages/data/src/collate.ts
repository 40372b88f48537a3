import { stack, tensor, Tensor } from '@nadir/tensor';
import { DataError } from './data-error.ts';

/**
 * One batch of several items, by their kind: tensors are stacked, numbers become float32 `[N]`, booleans bool `[N]`,
 * arrays are joined position by position and objects key by key; strings stay an array.
 *
 * @throws DataError for a kind it does not know, or items of different kinds.
 */
export function defaultCollate(items: readonly unknown[]): unknown {
  const first = items[0];
  if (items.some((item) => typeof item !== typeof first || Array.isArray(item) !== Array.isArray(first))) {
    throw new DataError(
      'defaultCollate(): the items of a batch must be of one kind. Pass a collate function.',
    );
  }
  if (first instanceof Tensor) return stack(items as readonly Tensor[]);
  if (typeof first === 'number') return tensor(items as readonly number[]);
  if (typeof first === 'boolean') return tensor(items as readonly boolean[]);
  if (typeof first === 'string') return items;
  if (Array.isArray(first)) {
    const rows = items as readonly (readonly unknown[])[];
    return first.map((_, position) => defaultCollate(rows.map((row) => row[position])));
  }
  if (typeof first === 'object' && first !== null && Object.getPrototypeOf(first) === Object.prototype) {
    const rows = items as readonly Readonly<Record<string, unknown>>[];
    return Object.fromEntries(
      Object.keys(first).map((key) => [key, defaultCollate(rows.map((row) => row[key]))]),
    );
  }
  throw new DataError(
    `defaultCollate(): cannot join items of kind ${first === null ? 'null' : typeof first}. Pass a collate function.`,
  );
}
