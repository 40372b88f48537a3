import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseIdx } from '@nadir/data';
import { readIdx } from '@nadir/data/node';

/** An IDX file by its description: type, sizes, and elements as big-endian bytes. */
function idx(type: number, shape: readonly number[], elements: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + elements.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, type, shape.length]);
  for (const [axis, size] of shape.entries()) view.setUint32(4 + 4 * axis, size);
  bytes.set(elements, 4 + 4 * shape.length);
  return bytes;
}

function bigEndian(
  bytesEach: number,
  values: readonly number[],
  set: (view: DataView, at: number, value: number) => void,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(bytesEach * values.length));
  for (const [i, value] of values.entries()) set(view, i * bytesEach, value);
  return new Uint8Array(view.buffer);
}

describe('parseIdx', () => {
  it('reads bytes as uint8', () => {
    const x = parseIdx(idx(8, [2, 3], Uint8Array.of(1, 2, 3, 253, 254, 255)));
    expect([x.dtype, x.toArray()]).toEqual([
      'uint8',
      [
        [1, 2, 3],
        [253, 254, 255],
      ],
    ]);
  });

  it.each([
    [0x09, 'int32', [-128, 127], bigEndian(1, [-128, 127], (view, at, value) => view.setInt8(at, value))],
    [
      0x0b,
      'int32',
      [-32768, 513],
      bigEndian(2, [-32768, 513], (view, at, value) => view.setInt16(at, value)),
    ],
    [
      0x0c,
      'int32',
      [-(2 ** 31), 66051],
      bigEndian(4, [-(2 ** 31), 66051], (view, at, value) => view.setInt32(at, value)),
    ],
    [
      0x0d,
      'float32',
      [1.5, -0.25],
      bigEndian(4, [1.5, -0.25], (view, at, value) => view.setFloat32(at, value)),
    ],
    [
      0x0e,
      'float64',
      [0.1, -1e300],
      bigEndian(8, [0.1, -1e300], (view, at, value) => view.setFloat64(at, value)),
    ],
  ] as const)('reads type 0x%s as %s', (type, dtype, values, bytes) => {
    const x = parseIdx(idx(type, [2], bytes));
    expect([x.dtype, x.toArray()]).toEqual([dtype, [...values]]);
  });

  it.each([
    [Uint8Array.of(0x1f, 0x8b, 8, 0), 'begins with two zero bytes, got 1f 8b 08 00. Is it still compressed?'],
    [Uint8Array.of(0), 'begins with two zero bytes, got 00'],
    [idx(7, [1], Uint8Array.of(1)), 'unknown element type 0x7'],
    [idx(8, [2, 2], Uint8Array.of(1, 2, 3)), '4 elements of shape [2, 2] need 16 bytes, got 15'],
    [Uint8Array.of(0, 0, 8, 3, 0, 0), 'the sizes of 3 axes are cut off after 6 bytes'],
  ])('explains what is wrong (%#)', (bytes, message) => {
    expect(() => parseIdx(bytes)).toThrow(message);
  });
});

describe('readIdx', () => {
  it('reads plain and compressed files, and names a file that is wrong', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nadir-idx-'));
    try {
      const bytes = idx(8, [3], Uint8Array.of(7, 8, 9));
      await writeFile(join(folder, 'plain'), bytes);
      await writeFile(join(folder, 'packed.gz'), gzipSync(bytes));
      await writeFile(join(folder, 'wrong'), 'hello');
      for (const name of ['plain', 'packed.gz'])
        expect((await readIdx(join(folder, name))).toArray()).toEqual([7, 8, 9]);
      await expect(readIdx(join(folder, 'wrong'))).rejects.toThrow(/wrong: parseIdx\(\)/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
