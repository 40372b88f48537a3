import { describe, expect, it } from 'vitest';
import { enableGrad, isGradEnabled, noGrad, parameter } from '../src/index.ts';

describe('noGrad and enableGrad', () => {
  it('nest, and return what the function returns', () => {
    expect(isGradEnabled()).toBe(true);
    const inner = noGrad(() => [isGradEnabled(), enableGrad(() => isGradEnabled()), isGradEnabled()]);
    expect(inner).toEqual([false, true, false]);
    expect(isGradEnabled()).toBe(true);
  });

  it('restore the mode after an error', () => {
    expect(() =>
      noGrad(() => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(isGradEnabled()).toBe(true);
  });

  it('make results without history', () => {
    const x = parameter([1, 2]);
    expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
    expect(noGrad(() => enableGrad(() => x.mul(2))).requiresGrad).toBe(true);
  });

  it('refuse async functions', async () => {
    expect(() => noGrad(async () => 1)).toThrow(
      'noGrad(): the function must not be async, got one that returned a Promise. Wrap only the synchronous part.',
    );
    expect(isGradEnabled()).toBe(true);
  });
});
