import { describe, expect, it } from 'vitest';
import { call, emitGemm, features, i32, ModuleBuilder } from '../../src/index.ts';
import { instantiate } from '../instantiate.ts';

// Every tile that some engine is given, and the shapes that generators get wrong first.
const TILES = [
  { rows: 6, vectors: 2, unroll: 1 },
  { rows: 2, vectors: 4, unroll: 1 },
  { rows: 4, vectors: 2, unroll: 4 },
  { rows: 8, vectors: 1, unroll: 2 },
];
const SHAPES = [
  [1, 1, 1],
  [6, 8, 4],
  [13, 17, 9],
  [97, 16, 257],
  [12, 513, 5],
  [200, 33, 300],
] as const;

describe.each(['f32', 'f64'] as const)('emitGemm %s', (type) => {
  it.each(
    TILES.flatMap((tile) =>
      [false, ...(features().relaxedSimd ? [true] : [])].map((fused) => ({ tile, fused })),
    ),
  )('multiplies pinned operands with %o', (kernel) => {
    const module = new ModuleBuilder();
    const { scratchBytes } = emitGemm(module, { type, name: 'gemm', export: true, kernel });
    module.memory({ min: 64, export: 'memory' });
    const exports = instantiate(module);
    const { buffer } = exports.memory as unknown as WebAssembly.Memory;
    const memory = type === 'f32' ? new Float32Array(buffer) : new Float64Array(buffer);
    const size = memory.BYTES_PER_ELEMENT;
    for (const [m, n, k] of SHAPES) {
      for (const [aT, bT] of [
        [false, false],
        [true, true],
      ] as const) {
        const a = Math.ceil(scratchBytes / 16) * 16;
        // One element off the 16-byte grid, and a gap behind every row of C.
        const b = a + m * k * size + size;
        const [cRowStride, c] = [n + 1, b + k * n * size];
        // Small integers, so that every order of summation gives the same exact values.
        for (let at = a / size; at < c / size; at++) memory[at] = ((at * 7) % 11) - 5;
        memory.fill(99, c / size, c / size + m * cRowStride);
        const aStrides = aT ? [1, m] : [k, 1];
        const bStrides = bT ? [1, k] : [n, 1];
        exports.gemm!(m, n, k, a, ...aStrides, b, ...bStrides, c, cRowStride, 0, 0);
        exports.gemm!(m, n, k, a, ...aStrides, b, ...bStrides, c, cRowStride, 1, 0);
        const want = new Float64Array(m * cRowStride).fill(99);
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            let sum = 0;
            for (let p = 0; p < k; p++) {
              const [x, y] = [i * aStrides[0]! + p * aStrides[1]!, p * bStrides[0]! + j * bStrides[1]!];
              sum += memory[a / size + x]! * memory[b / size + y]!;
            }
            want[i * cRowStride + j] = 2 * sum;
          }
        }
        expect(Float64Array.from(memory.slice(c / size, c / size + m * cRowStride))).toEqual(want);
      }
    }
  });
});

it('lends its parts: B packed once, rows of C multiplied one block at a time', () => {
  const [m, n, k, rows] = [40, 21, 12, 16];
  const module = new ModuleBuilder();
  const { packA, packB, multiplyPacked, panel } = emitGemm(module, { type: 'f32' });
  module.memory({ min: 2, export: 'memory' });
  const [a, b, c, aPacked, bPacked, tile] = [0, 4096, 8192, 16_384, 32_768, 65_536];
  module.function('run', { export: true }, (f) => {
    const row = f.local('i32', 'row');
    const height = f.local('i32', 'height');
    f.do(call(packB, { target: bPacked, source: b, widthStride: 4, depthStride: 4 * n, count: n, depth: k }));
    f.for(row, { to: i32.const(m), step: rows }, () => {
      f.set(height, i32.sub(m, row));
      f.if(i32.gtS(height, rows), () => f.set(height, rows));
      const source = i32.add(a, i32.mul(row, 4 * k));
      f.do(
        call(packA, { target: aPacked, source, widthStride: 4 * k, depthStride: 4, count: height, depth: k }),
        call(multiplyPacked, {
          m: height,
          n,
          k,
          a: aPacked,
          b: bPacked,
          c: i32.add(c, i32.mul(row, 4 * n)),
          cRowStride: 4 * n,
          accumulate: 0,
          scratch: tile,
        }),
      );
    });
  });
  const exports = instantiate(module);
  const memory = new Float32Array((exports.memory as unknown as WebAssembly.Memory).buffer);
  for (let at = 0; at < m * k; at++) memory[at] = (at % 7) - 3;
  for (let at = 0; at < k * n; at++) memory[b / 4 + at] = (at % 5) - 2;
  exports.run!();
  // A panel of B holds, for each step of depth, neighbours of one row.
  expect(memory.slice(bPacked / 4, bPacked / 4 + panel.columns)).toEqual(
    memory.slice(b / 4, b / 4 + panel.columns),
  );
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += memory[i * k + p]! * memory[b / 4 + p * n + j]!;
      expect(memory[c / 4 + i * n + j]).toBe(sum);
    }
  }
});

it('refuses tiles that do not divide the blocks', () => {
  const kernel = { tile: { rows: 5, vectors: 2, unroll: 1 }, fused: false };
  expect(() => emitGemm(new ModuleBuilder(), { type: 'f32', kernel })).toThrow(
    'emitGemm(): a tile needs even rows',
  );
});
