import { record, tensor, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { simplify } from '../../src/index.ts';
import { fuse } from '../../src/passes/fuse.ts';
import { group } from '../../src/passes/group.ts';
import { plan, type PlannedProgram } from '../../src/passes/plan.ts';

function planned(body: (x: Tensor) => Tensor[], fails = false): PlannedProgram {
  const { program } = record([{ shape: [256], dtype: 'float32' }], (x) => body(x!));
  return plan(group(fuse(simplify(program))), (kernel) => fails && kernel.kind === 'reduce');
}

describe('plan', () => {
  it('lets an element-wise result take the place of an operand that dies', () => {
    const { places, results, arenaBytes } = planned((x) => [x.sin().add(x.exp().sum())]);
    expect(places.get(results[0]!)).toEqual(places.get(0));
    expect(arenaBytes).toBe(1024 + 64);
  });

  it('uses the place of a dead buffer again', () => {
    const long = planned((x) => {
      let y = x;
      for (let i = 0; i < 8; i++) y = y.sub(y.flip([0]).cumsum(0));
      return [y];
    });
    expect(long.arenaBytes).toBeLessThanOrEqual(4 * 1024);
  });

  it('computes the new value of a state in the state', () => {
    const state = tensor(new Float32Array(256));
    const { stores, places } = planned((x) => {
      state.assign(state.add(x));
      return [];
    });
    expect(stores).toEqual([]);
    expect([...places.values()].filter((place) => place.base === 'state')).toHaveLength(2);
  });

  it('waits with a state that is read at other places', () => {
    const state = tensor(new Float32Array(256));
    const { stores } = planned((x) => {
      state.assign(state.flip([0]).add(x));
      return [];
    });
    expect(stores).toHaveLength(1);
  });

  it('waits with a state while a kernel behind may fail', () => {
    const state = tensor(new Float32Array(256));
    const body = (x: Tensor): Tensor[] => {
      state.assign(state.add(x));
      return [state.sum()];
    };
    expect(planned(body).stores).toHaveLength(0);
    expect(planned(body, true).stores).toHaveLength(1);
  });
});
