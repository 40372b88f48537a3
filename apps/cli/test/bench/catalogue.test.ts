import { describe, expect, it } from 'vitest';
import { selectWorkloads, workloads } from '../../src/bench/catalogue.ts';

const namesOf = (names: readonly string[]): string[] => selectWorkloads(names).map(({ name }) => name);

describe('selectWorkloads()', () => {
  it('selects by name, by what names begin with, and everything for nothing, in the order of the catalogue', () => {
    expect(namesOf([])).toEqual(workloads.map(({ name }) => name));
    expect(namesOf(['E', 'a'])).toEqual(['A', 'E']);
    expect(namesOf(['C64'])).toEqual(['C64-sgdm', 'C64-adam']);
    expect(namesOf(['c'])).toEqual(['C64-sgdm', 'C64-adam', 'C512-sgdm', 'C512-adam']);
    expect(namesOf(['matmul', 'matmul-256'])).toEqual([256, 512, 1024, 2048].map((n) => `matmul-${n}`));
    expect(namesOf(['conv'])).toEqual(['conv', 'conv-input-grad', 'conv-weight-grad']);
  });

  it('lists the workloads for a name that selects none', () => {
    expect(() => selectWorkloads(['F'])).toThrow(/There is no workload 'F'. There are: A, B, C64-sgdm/);
  });
});
