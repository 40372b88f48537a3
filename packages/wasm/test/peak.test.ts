import { createPeak } from '@nadir/wasm';
import { expect, it } from 'vitest';

it('samples a rate, again and again', () => {
  const peak = createPeak();
  for (const rate of [peak(), peak()]) {
    expect(rate).toBeGreaterThan(0);
    expect(rate).toBeLessThan(Infinity);
  }
});
