/** Relaxed SIMD, prefix 0xfd: results may differ between machines (WebAssembly 3.0, §5.4.8). */
export const RELAXED_SIMD = {
  i8x16: {
    relaxedSwizzle: [0x100, 'v128 v128 -> v128'],
    relaxedLaneselect: [0x109, 'v128 v128 v128 -> v128'],
  },
  i16x8: {
    relaxedLaneselect: [0x10a, 'v128 v128 v128 -> v128'],
    relaxedQ15mulrS: [0x111, 'v128 v128 -> v128'],
    relaxedDotI8x16I7x16S: [0x112, 'v128 v128 -> v128'],
  },
  i32x4: {
    relaxedTruncF32x4S: [0x101, 'v128 -> v128'],
    relaxedTruncF32x4U: [0x102, 'v128 -> v128'],
    relaxedTruncF64x2SZero: [0x103, 'v128 -> v128'],
    relaxedTruncF64x2UZero: [0x104, 'v128 -> v128'],
    relaxedLaneselect: [0x10b, 'v128 v128 v128 -> v128'],
    relaxedDotI8x16I7x16AddS: [0x113, 'v128 v128 v128 -> v128'],
  },
  i64x2: {
    relaxedLaneselect: [0x10c, 'v128 v128 v128 -> v128'],
  },
  f32x4: {
    relaxedMadd: [0x105, 'v128 v128 v128 -> v128'],
    relaxedNmadd: [0x106, 'v128 v128 v128 -> v128'],
    relaxedMin: [0x10d, 'v128 v128 -> v128'],
    relaxedMax: [0x10e, 'v128 v128 -> v128'],
  },
  f64x2: {
    relaxedMadd: [0x107, 'v128 v128 v128 -> v128'],
    relaxedNmadd: [0x108, 'v128 v128 v128 -> v128'],
    relaxedMin: [0x10f, 'v128 v128 -> v128'],
    relaxedMax: [0x110, 'v128 v128 -> v128'],
  },
} as const;
