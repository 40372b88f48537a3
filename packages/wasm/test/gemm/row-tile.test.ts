import { describe, expect, it } from 'vitest';
import { call, emitRowTile, features, ModuleBuilder, ROW_TILE } from '../../src/index.ts';
import { instantiate } from '../instantiate.ts';

const shapes = Array.from({ length: ROW_TILE.rows }, (_, r) =>
  Array.from({ length: ROW_TILE.columns }, (_c, c) => [r + 1, c + 1] as const),
).flat();

describe.each(['f32', 'f64'] as const)('emitRowTile %s', (type) => {
  it.each(
    shapes.flatMap(([rows, columns]) =>
      [false, ...(features().relaxedSimd ? [true] : [])].map((fused) => ({ rows, columns, fused })),
    ),
  )('multiplies rows of %o', ({ rows, columns, fused }) => {
    const size = type === 'f32' ? 4 : 8;
    // Rows with a gap behind them, in elements.
    const [depth, aStride, bStride, cStride] = [12, 20, 16, 9];
    const module = new ModuleBuilder();
    const strides = { aStride: aStride * size, bStride: bStride * size, cStride: cStride * size };
    const tile = emitRowTile(module, { type, name: 'tile', rows, columns, fused, ...strides });
    module.memory({ min: 1, export: 'memory' });
    module.function('run', { parameters: { accumulate: 'i32' }, export: true }, (f, { accumulate }) =>
      f.do(call(tile, { a: 0, b: 1024, c: 4096, depth: depth * size, accumulate })),
    );
    const exports = instantiate(module);
    const { buffer } = exports['memory'] as unknown as WebAssembly.Memory;
    const memory = type === 'f32' ? new Float32Array(buffer) : new Float64Array(buffer);
    for (let i = 0; i < 4096 / size; i++) memory[i] = ((i * 7) % 11) - 5;
    const c = 4096 / size;
    memory.fill(99, c, c + rows * cStride);
    exports['run']!(0);
    exports['run']!(1);
    const want = new Float64Array(rows * cStride).fill(99);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let p = 0; p < depth; p++)
          sum += memory[i * aStride + p]! * memory[1024 / size + j * bStride + p]!;
        want[i * cStride + j] = 2 * sum;
      }
    }
    expect(Float64Array.from(memory.subarray(c, c + want.length))).toEqual(want);
  });
});
