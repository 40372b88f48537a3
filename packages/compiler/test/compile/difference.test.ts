import { parameter } from '@nadir/autograd';
import { Adam } from '@nadir/optimizers';
import { ProgramError, tensor, zeros, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.ts';

describe('the check in the second call', () => {
  it.each<[string, string, () => (x: Tensor) => unknown]>([
    [
      'a number',
      'the number 0.5 in mul of float32 [2] was 0.25 this time. Pass what changes as an argument',
      () => {
        let lr = 1;
        return (x) => x.mul((lr /= 2));
      },
    ],
    [
      'a number in options',
      'starts [0] of slice of float32 [1] was [1] this time',
      () => {
        let i = 0;
        return (x) => x.at(Math.min(i++, 1)).mul(1);
      },
    ],
    [
      'a tensor made inside',
      'the constant float32 [2] in add of float32 [2] had other elements this time',
      () => {
        let i = 0;
        return (x) => x.add(tensor([1, i++]));
      },
    ],
    [
      'a captured tensor that was replaced',
      'the tensor float32 [2] in add of float32 [2] was another one this time',
      () => {
        let state = tensor([0, 0]);
        return (x) => {
          const sum = x.add(state);
          state = tensor([1, 1]);
          return sum;
        };
      },
    ],
    [
      'a branch',
      'neg of float32 [2] was exp of float32 [2] this time',
      () => {
        let isFirst = true;
        return (x) => {
          const y = isFirst ? x.neg() : x.exp();
          isFirst = false;
          return y;
        };
      },
    ],
    [
      'the length of a loop',
      'it had 1 operations and 2 this time',
      () => {
        let n = 0;
        return (x) => Array.from({ length: ++n }).reduce((y: Tensor) => y.neg(), x);
      },
    ],
    [
      'a result that is not a tensor',
      'the result.epoch 1 was 2 this time',
      () => {
        let epoch = 0;
        return (x) => ({ x, epoch: ++epoch });
      },
    ],
  ])('names %s that moved', (_, message, make) => {
    const step = compile(make());
    const x = tensor([1, 2]);
    step(x);
    expect(() => step(x)).toThrow(`compile(): the step must do the same in every call, but ${message}`);
    expect(() => step(x)).toThrow(ProgramError);
  });

  it('runs for every program, once, and changes nothing itself', () => {
    let runs = 0;
    const count = zeros([]);
    const step = compile((x: Tensor) => {
      runs++;
      count.assign(count.add(1));
      return x.add(count);
    });
    for (const size of [2, 3]) {
      for (let i = 0; i < 5; i++) step(zeros([size]));
    }
    expect(runs).toBe(4);
    expect(count.item()).toBe(10);
    expect(step.traces).toBe(2);
  });

  it('leaves the state as it was where it fails', () => {
    const w = parameter([1, 2]);
    const optimizer = new Adam([w], { lr: 0.1 });
    let scale = 1;
    const step = compile(() => {
      optimizer.zeroGrad();
      w.mul(scale++).sum().backward();
      optimizer.step();
    });
    step();
    const before = [w.toArray(), w.storage.version, JSON.stringify(optimizer.stateDict())];
    expect(step).toThrow('the number 1 in mul of float32 [2] was 2 this time');
    expect([w.toArray(), w.storage.version, JSON.stringify(optimizer.stateDict())]).toEqual(before);
  });
});
