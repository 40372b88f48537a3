import { tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { gradients, noGrad, parameter } from '../src/index.ts';

describe('gradients', () => {
  it('leaves .grad alone', () => {
    const x = parameter([2, 3]);
    const [slope] = gradients(x.mul(x).sum(), [x]);
    expect(slope.toArray()).toEqual([4, 6]);
    expect(x.grad).toBe(null);
  });

  it('sums over outputs, weighted by seeds', () => {
    const x = parameter([2, 3]);
    const [slope] = gradients([x.sum(), x.mul(x)], [x], { seeds: [undefined, tensor([1, 10])] });
    expect(slope.toArray()).toEqual([5, 61]);
  });

  it('reaches intermediate results, and sees through them to leaves', () => {
    const x = parameter(2, { dtype: 'float64' });
    const y = x.mul(x);
    const z = y.mul(y);
    const [byY, byX] = gradients(z, [y, x]);
    expect([byY.item(), byX.item()]).toEqual([8, 32]);
  });

  it('names the same input twice, and an output as its own input', () => {
    const x = parameter(2);
    const y = x.mul(3);
    const [a, b, c] = gradients(y, [x, x, y]);
    expect([a.item(), b.item(), c.item()]).toEqual([3, 3, 1]);
  });

  it('gives the gradient of an intermediate result after its hooks', () => {
    const x = parameter(2);
    const y = x.mul(3);
    y.registerHook((gradient) => gradient.mul(5));
    expect(gradients(y.mul(2), [y])[0].item()).toBe(10);
  });

  it('computes and frees only what leads to the inputs', () => {
    const [a, b] = [parameter([1, 2]), parameter([3, 4])];
    const side = b.exp();
    const y = a.mul(a).add(side).sum();
    gradients(y, [a]);
    side.sum().backward();
    expect(b.grad).not.toBe(null);
    expect(() => gradients(y, [a])).toThrow('gradients(): the graph was freed');
  });

  it('does not mind a freed part that it does not need', () => {
    const [a, b] = [parameter([1, 2]), parameter([3, 4])];
    const trunk = a.exp();
    trunk.sum().backward();
    expect(gradients(trunk.mul(b).sum(), [b])[0].equal(trunk)).toBe(true);
  });

  it('differentiates again to any order', () => {
    const x = parameter(3, { dtype: 'float64' });
    let y = x.pow(4);
    const values = [];
    for (let order = 1; order <= 5; order++) {
      const [slope] = gradients(y, [x], { createGraph: true });
      values.push(slope.item());
      y = slope;
    }
    expect(values).toEqual([108, 108, 72, 24, 0]);
  });

  it('returns results without history unless asked', () => {
    const x = parameter([2]);
    expect(gradients(x.mul(x), [x])[0].requiresGrad).toBe(false);
    expect(gradients(x.mul(x), [x], { createGraph: true })[0].requiresGrad).toBe(true);
  });

  it('says which input is not used, or gives null', () => {
    const [a, b] = [parameter([1]), parameter([2, 3])];
    const y = a.mul(2);
    expect(() => gradients(y, [a, b], { retainGraph: true })).toThrow(
      'gradients(): input 1 of shape [2] is not used by the outputs. Pass { allowUnused: true } to get null for it.',
    );
    const [byA, byB] = gradients(y, [a, b], { allowUnused: true });
    expect(byA?.item()).toBe(2);
    expect(byB).toBe(null);
  });

  it('needs histories and seeds', () => {
    const x = parameter([1, 2]);
    expect(() => gradients(x.mul(2), [x])).toThrow('gradients(): a tensor of shape [2] needs a seed');
    expect(() => gradients(x.sum(), [tensor([1])])).toThrow(
      'gradients(): input 0 of shape [1] has no history.',
    );
    expect(() =>
      gradients(
        noGrad(() => x.sum()),
        [x],
      ),
    ).toThrow('gradients(): output 0 of shape [] has no history.');
    expect(() => gradients(x.sum(), [x], { seeds: [tensor(1), tensor(1)] })).toThrow(
      'gradients(): needs at most one seed per output, got 2 for 1.',
    );
  });
});
