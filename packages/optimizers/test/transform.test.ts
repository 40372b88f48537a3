import { NadirError, tensor, zeros } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import {
  addDecayedWeights,
  chain,
  momentum,
  scaleByAdam,
  scaleByLearningRate,
  type Transform,
} from '../src/index.ts';

const scalar = (value: number) => tensor(value, { dtype: 'float64' });

describe('chain', () => {
  it('runs transforms in order over slots that they share', () => {
    const sgd: Transform<'lr' | 'momentum' | 'dampening' | 'weightDecay'> = chain(
      addDecayedWeights(),
      momentum(),
      scaleByLearningRate(),
    );
    const w = tensor([1, 2]);
    const slots = sgd.init(w);
    const hyper = { lr: scalar(0.5), momentum: scalar(0.5), dampening: scalar(0), weightDecay: scalar(1) };
    expect(sgd.update(tensor([1, 1]), w, slots, hyper).toArray()).toEqual([-1, -1.5]);
    expect(sgd.update(tensor([1, 1]), w, slots, hyper).toArray()).toEqual([-1.5, -2.25]);
    expect(slots['momentumBuffer']!.toArray()).toEqual([3, 4.5]);
  });

  it('refuses two slots of one name', () => {
    const twice = chain(momentum(), momentum());
    expect(() => twice.init(zeros([1]))).toThrow(NadirError);
    expect(() => twice.init(zeros([1]))).toThrow(
      'chain(): two transforms keep a slot named momentumBuffer. Rename one.',
    );
  });

  it('of nothing passes the gradient on', () => {
    const nothing = chain();
    expect(nothing.update(tensor([3]), zeros([1]), nothing.init(zeros([1])), {}).item()).toBe(3);
  });
});

describe('scaleByAdam', () => {
  it('gives ±1 at the first step, however small or great the gradient', () => {
    const adam = scaleByAdam();
    const gradient = tensor([1e-15, -1e15, 3], { dtype: 'float64' });
    const hyper = { beta1: scalar(0.9), beta2: scalar(0.999), eps: scalar(0) };
    const update = adam.update(gradient, gradient, adam.init(gradient), hyper);
    for (const [i, sign] of [1, -1, 1].entries()) expect(update.data[i]).toBeCloseTo(sign, 12);
  });
});
