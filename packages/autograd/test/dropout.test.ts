import { dropout, manualSeed } from '@nadir/tensor';
import { expect, it } from 'vitest';
import { parameter } from '../src/index.ts';

it('dropout passes the gradient where it passed the value, with the same factor', () => {
  manualSeed(1);
  const x = parameter(new Float32Array(100).fill(1));
  const y = dropout(x, { p: 0.25 });
  y.sum().backward();
  expect(x.grad!.equal(y)).toBe(true);
});
