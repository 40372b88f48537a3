import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { tensor } from '@nadir/tensor';

it('becomes text and JSON by its elements', () => {
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);
  expect(JSON.stringify({ x })).toBe('{"x":[[1,2],[3,4]]}');
  expect(`${x}`).toBe(x.toString());
  expect(inspect(x)).toBe(x.toString());
});

it('is not taken for a number', () => {
  const loss: unknown = tensor([1]);
  expect(() => (loss as number) < 2).toThrow(
    'a tensor of shape [1] is not a number. Compare with lt() and its like, or read item().',
  );
});
