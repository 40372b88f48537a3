import { describe, expect, it } from 'vitest';
import { Storage, slice, tensor } from '@nadir/tensor';

describe('Storage', () => {
  it('counts changes, whichever view they came through', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const before = x.storage.version;
    x.at(0).assign(tensor([5, 6]));
    x.T.assign(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    );
    expect(x.storage.version).toBe(before + 2);
    expect(x.toArray()).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  it('moves to another home and back', () => {
    const storage = Storage.host(Float32Array.of(1, 2, 3), 'float32');
    const memory = new Float32Array(8);
    memory.set(storage.read(), 2);
    storage.moveTo({ kind: 'pinned', array: () => memory.subarray(2, 5) });
    expect(storage.home.kind).toBe('pinned');
    storage.write()[0] = 9;
    expect(memory[2]).toBe(9);
    storage.moveHome();
    memory.fill(0);
    expect([storage.home.kind, ...storage.read()]).toEqual(['host', 9, 2, 3]);
  });

  it('is shared by views and copied by tensor() and data', () => {
    const array = Float32Array.of(1, 2, 3, 4);
    const x = tensor(array);
    array[0] = 9;
    x.data[1] = 9;
    expect(x.toArray()).toEqual([1, 2, 3, 4]);
    for (const view of [x.reshape([2, 2]), x.at(slice(1, 3)), x.flip(), x.expand([2, 4]), x.detach()]) {
      expect(view.storage).toBe(x.storage);
    }
    expect(x.clone().storage).not.toBe(x.storage);
    expect(x.reshape([2, 2]).T.reshape([4]).storage).not.toBe(x.storage);
  });

  it('takes values of another dtype and shape into a target', () => {
    const x = tensor([1, 2, 3]);
    x.assign(tensor(7.9, { dtype: 'float64' }));
    expect(x.toArray()).toEqual([Math.fround(7.9), Math.fround(7.9), Math.fround(7.9)]);
    const n = tensor([1, 2], { dtype: 'int32' });
    n.assign(tensor([2.7, -2.7]));
    expect(n.toArray()).toEqual([2, -2]);
    expect(() => x.assign(tensor([1, 2]))).toThrow(/^assign\(\): .* got \[2\] and \[3\]/);
  });

  it('refuses values for several elements in one place', () => {
    const x = tensor([[1], [2]]);
    expect(() => x.expand([2, 3]).assign(tensor([1, 2, 3]))).toThrow(
      /^assign\(\): several elements of a view of shape \[2, 3\] share one place/,
    );
    x.expand([1, 2, 1]).assign(5);
    expect(x.toArray()).toEqual([[5], [5]]);
    tensor([[]]).expand([3, 0]).assign(1);
  });
});
