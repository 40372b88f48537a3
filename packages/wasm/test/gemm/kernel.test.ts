import { describe, expect, it } from 'vitest';
import { emitGemm, features, ModuleBuilder } from '../../src/index.ts';
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
