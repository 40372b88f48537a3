import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { tensor, type DType, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors, SafetensorsError } from '../../src/index.ts';
import { writtenMetadata, writtenTensors } from '../fixtures/written-tensors.ts';

interface Stored {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}

const { python, ours } = JSON.parse(
  readFileSync(new URL('../fixtures/safetensors.json', import.meta.url), 'utf8'),
) as {
  readonly python: {
    readonly base64: string;
    readonly metadata: Readonly<Record<string, string>>;
    readonly tensors: Readonly<Record<string, Stored>>;
  };
  readonly ours: { readonly sha256: string };
};
const pythonFile = new Uint8Array(Buffer.from(python.base64, 'base64'));

function same(x: Tensor, y: Tensor): boolean {
  return (
    x.dtype === y.dtype &&
    x.shape.join() === y.shape.join() &&
    x.data.every((value, i) => Object.is(value, y.data[i]))
  );
}

/** A file of this header and these bytes of data. */
function file(header: string | Uint8Array, dataBytes = 0, claimed?: bigint): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function entry(dtype: string, shape: readonly number[], start: number, end: number): string {
  return JSON.stringify({ dtype, shape, data_offsets: [start, end] });
}

describe('a file of the Python library', () => {
  const { tensors, metadata } = decodeSafetensors(pythonFile);

  it('has every tensor and the metadata', () => {
    expect(Object.keys(tensors).sort()).toEqual(Object.keys(python.tensors).sort());
    expect(metadata).toEqual(python.metadata);
  });

  for (const [name, { dtype, shape, data }] of Object.entries(python.tensors)) {
    it(`reads ${name}`, () => {
      const x = tensors[name]!;
      expect(x.dtype).toBe(dtype);
      expect(x.shape).toEqual(shape);
      const wanted = data.map(Number).map((value) => (dtype === 'float32' ? Math.fround(value) : value));
      expect([...x.data]).toEqual(wanted);
    });
  }

  it('keeps the sign of zero in F16 and BF16', () => {
    expect(Object.is(tensors['F16']!.data[1], -0)).toBe(true);
    expect(Object.is(tensors['BF16']!.data[1], -0)).toBe(true);
  });

  it('may lie anywhere in memory', () => {
    const shifted = new Uint8Array(pythonFile.length + 3).subarray(3);
    shifted.set(pythonFile);
    const { tensors: read } = decodeSafetensors(shifted);
    for (const [name, x] of Object.entries(tensors)) expect(same(read[name]!, x)).toBe(true);
  });
});

describe('a file of ours', () => {
  const bytes = encodeSafetensors(writtenTensors(), writtenMetadata);

  it('is the one that the Python library has read, byte for byte', () => {
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(ours.sha256);
  });

  it('has a header padded to eight bytes, and every tensor aligned to its element', () => {
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
      string,
      { dtype: string; data_offsets: number[] }
    >;
    const width: Record<string, number> = { F64: 8, F32: 4, I32: 4, U8: 1, BOOL: 1 };
    for (const { dtype, data_offsets: offsets } of Object.values(header).filter(
      (value) => 'dtype' in value,
    )) {
      expect(offsets[0]! % width[dtype]!).toBe(0);
    }
  });

  it('reads back as it was', () => {
    const { tensors, metadata } = decodeSafetensors(bytes);
    expect(metadata).toEqual(writtenMetadata);
    const written = writtenTensors();
    expect(Object.keys(tensors).sort()).toEqual(Object.keys(written).sort());
    for (const [name, x] of Object.entries(written)) expect(same(tensors[name]!, x)).toBe(true);
  });

  it('holds no tensors at all, or names of the language', () => {
    expect(decodeSafetensors(encodeSafetensors({}))).toEqual({ tensors: {}, metadata: {} });
    const odd = Object.fromEntries([
      ['__proto__', tensor([1])],
      ['constructor', tensor([2])],
      ['', tensor([3])],
    ]);
    const { tensors } = decodeSafetensors(encodeSafetensors(odd));
    expect(Object.keys(tensors).sort()).toEqual(['', '__proto__', 'constructor']);
  });

  it('shares nothing with what was read', () => {
    const copy = bytes.slice();
    const { tensors } = decodeSafetensors(copy);
    copy.fill(0);
    expect(tensors['scalar']!.item()).toBe(-0.25);
  });
});

describe('what cannot be written', () => {
  const cases: readonly (readonly [string, () => unknown, RegExp])[] = [
    [
      'the name of the metadata',
      () => encodeSafetensors({ __metadata__: tensor([1]) }),
      /__metadata__ is taken/,
    ],
    ['half a character', () => encodeSafetensors({ '\uD800': tensor([1]) }), /must be well-formed text/],
    [
      'metadata that is not text',
      () => encodeSafetensors({}, { epoch: 3 as unknown as string }),
      /metadata 'epoch' must be well-formed text, got number/,
    ],
    [
      'what is no tensor',
      () => encodeSafetensors({ w: [1] as unknown as Tensor }),
      /'w' must be a tensor, got object/,
    ],
  ];
  for (const [what, attempt, message] of cases) {
    it(`is refused: ${what}`, () => {
      expect(attempt).toThrow(SafetensorsError);
      expect(attempt).toThrow(message);
    });
  }
});

describe('a file that is not valid', () => {
  const f32 = (start: number, end: number): string => entry('F32', [1], start, end);
  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['no bytes', new Uint8Array(0), /needs at least 8 bytes, got 0/],
    ['fewer than eight bytes', new Uint8Array(5), /needs at least 8 bytes, got 5/],
    ['a header above the limit', file('{}', 0, 100_000_001n), /at most 100000000 bytes, it claims 100000001/],
    ['a length beyond 2^53', file('{}', 0, 2n ** 64n - 1n), /it claims 18446744073709551615/],
    ['a header beyond the end', file('{}', 0, 3n), /cut short: its header claims 3 bytes, 2 follow/],
    ['bytes that are no UTF-8', file(Uint8Array.of(0xff, 0xfe)), /not valid UTF-8/],
    ['no JSON', file('{"a":'), /not valid JSON/],
    ['zero bytes as padding', file('{}\0\0\0\0\0\0'), /not valid JSON/],
    ['a byte order mark', file('\uFEFF{}'), /not valid JSON/],
    ['an array', file('[]'), /must be a JSON object/],
    ['null', file('null'), /must be a JSON object/],
    ['an entry that is no object', file('{"a":1}'), /tensor 'a' must be described by an object/],
    [
      'an unknown dtype',
      file(`{"a":${entry('F33', [1], 0, 4)}}`, 4),
      /tensor 'a' has the unknown dtype "F33"/,
    ],
    ['a dtype of the language', file(`{"a":${entry('toString', [1], 0, 4)}}`, 4), /unknown dtype "toString"/],
    ['no dtype', file('{"a":{"shape":[],"data_offsets":[0,0]}}'), /tensor 'a' has the unknown dtype/],
    ['a negative size', file(`{"a":${entry('F32', [-1], 0, 4)}}`, 4), /shape of whole numbers, got \[-1\]/],
    ['a fraction', file(`{"a":${entry('F32', [0.5], 0, 2)}}`, 2), /shape of whole numbers, got \[0.5\]/],
    [
      'no shape',
      file('{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4),
      /shape of whole numbers, got undefined/,
    ],
    [
      'one offset',
      file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}', 4),
      /two data offsets, got \[0\]/,
    ],
    ['a negative offset', file(`{"a":${f32(-4, 0)}}`), /two data offsets, got \[-4,0\]/],
    ['offsets that go back', file(`{"a":${f32(4, 0)}}`, 4), /needs 4 bytes, its offsets span -4/],
    [
      'offsets that do not fit',
      file(`{"a":${entry('F32', [2], 0, 4)}}`, 4),
      /F32 \[2\] needs 8 bytes, its offsets span 4/,
    ],
    [
      'sizes that overflow',
      file(`{"a":${entry('F32', [2 ** 50, 2 ** 50], 0, 4)}}`, 4),
      /tensor 'a' of F32 .* its offsets span 4/,
    ],
    [
      'elements of part of a byte',
      file(`{"a":${entry('F4', [3], 0, 2)}}`, 2),
      /tensor 'a' of F4 \[3\] needs 1.5 bytes, its offsets span 2/,
    ],
    [
      'an overlap',
      file(`{"a":${f32(0, 4)},"b":${f32(2, 6)}}`, 6),
      /tensor 'b' overlaps another: it starts at 2/,
    ],
    ['bytes used twice', file(`{"a":${f32(0, 4)},"b":${f32(0, 4)}}`, 4), /tensor 'b' overlaps another/],
    ['a hole', file(`{"a":${f32(0, 4)},"b":${f32(8, 12)}}`, 12), /a hole before tensor 'b': bytes 4 to 8/],
    ['a hole at the start', file(`{"a":${f32(4, 8)}}`, 8), /a hole before tensor 'a': bytes 0 to 4/],
    [
      'too few bytes',
      file(`{"a":${f32(0, 4)}}`, 3),
      /cut short: its tensors need 4 bytes after the header, there are 3/,
    ],
    ['too many bytes', file(`{"a":${f32(0, 4)}}`, 5), /1 bytes after the last tensor belong to none/],
    ['a tensor twice', file(`{"a":${f32(0, 4)}, "a" :${f32(0, 4)}}`, 4), /tensor 'a' is in the header twice/],
    [
      'a tensor twice by escapes',
      file(`{"a":${f32(0, 4)},"\\u0061":${f32(0, 4)}}`, 4),
      /'a' is in the header twice/,
    ],
    ['metadata that is not text', file('{"__metadata__":{"a":1}}'), /metadata 'a' must be text, got number/],
    ['metadata that is no object', file('{"__metadata__":[]}'), /__metadata__ must be an object of text/],
    [
      'an eight-bit float',
      file(`{"a":${entry('F8_E4M3', [1], 0, 1)}}`, 1),
      /tensor 'a' is F8_E4M3, which has no/,
    ],
    [
      'a complex number',
      file(`{"a":${entry('C64', [1], 0, 8)}}`, 8),
      /tensor 'a' is C64, which has no counterpart/,
    ],
  ];
  for (const [what, bytes, message] of cases) {
    it(`is refused: ${what}`, () => {
      expect(() => decodeSafetensors(bytes)).toThrow(SafetensorsError);
      expect(() => decodeSafetensors(bytes)).toThrow(message);
    });
  }

  it('is named in the message', () => {
    expect(() => decodeSafetensors(new Uint8Array(3), { source: 'model.safetensors' })).toThrow(
      'decodeSafetensors(): model.safetensors: needs at least 8 bytes, got 3.',
    );
  });

  it('is refused where an integer does not fit int32', () => {
    const values: readonly (readonly [string, BigInt64Array | Uint32Array | BigUint64Array, string])[] = [
      ['I64', BigInt64Array.of(1n, -(2n ** 31n) - 1n), '-2147483649 at element 1'],
      ['I64', BigInt64Array.of(2n ** 53n + 1n), '9007199254740993 at element 0'],
      ['U32', Uint32Array.of(2 ** 31), '2147483648 at element 0'],
      ['U64', BigUint64Array.of(2n ** 64n - 1n), '18446744073709551615 at element 0'],
    ];
    for (const [dtype, array, got] of values) {
      const bytes = file(`{"steps":${entry(dtype, [array.length], 0, array.byteLength)}}`, array.byteLength);
      bytes.set(new Uint8Array(array.buffer), bytes.length - array.byteLength);
      expect(() => decodeSafetensors(bytes)).toThrow(
        `tensor 'steps' must fit int32, which holds -2147483648 to 2147483647, got ${got}`,
      );
    }
  });
});

describe('what the Python library accepts too', () => {
  it('leading and trailing blanks, null metadata, unknown fields', () => {
    expect(decodeSafetensors(file(' {"__metadata__":null} \n'))).toEqual({ tensors: {}, metadata: {} });
    const header = '{"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2],"note":{"a":"a"}}}';
    const bytes = file(header, 2);
    bytes.set([0, 5], bytes.length - 2);
    expect(decodeSafetensors(bytes).tensors['a']!.toArray()).toEqual([false, true]);
  });

  it('tensors of no elements where others begin', () => {
    const header = `{"a":${entry('F32', [1], 0, 4)},"b":${entry('F64', [0], 0, 0)},"c":${entry('U8', [2, 0], 4, 4)}}`;
    expect(decodeSafetensors(file(header, 4)).tensors['c']!.shape).toEqual([2, 0]);
  });
});
