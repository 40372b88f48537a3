/** Scalar loads and stores: the address is i32, the third entry the natural alignment as a power of two. */
export const MEMORY = {
  i32: {
    load: [0x28, 'i32 -> i32', 2],
    load8S: [0x2c, 'i32 -> i32', 0],
    load8U: [0x2d, 'i32 -> i32', 0],
    load16S: [0x2e, 'i32 -> i32', 1],
    load16U: [0x2f, 'i32 -> i32', 1],
    store: [0x36, 'i32 i32 -> void', 2],
    store8: [0x3a, 'i32 i32 -> void', 0],
    store16: [0x3b, 'i32 i32 -> void', 1],
  },
  i64: {
    load: [0x29, 'i32 -> i64', 3],
    load8S: [0x30, 'i32 -> i64', 0],
    load8U: [0x31, 'i32 -> i64', 0],
    load16S: [0x32, 'i32 -> i64', 1],
    load16U: [0x33, 'i32 -> i64', 1],
    load32S: [0x34, 'i32 -> i64', 2],
    load32U: [0x35, 'i32 -> i64', 2],
    store: [0x37, 'i32 i64 -> void', 3],
    store8: [0x3c, 'i32 i64 -> void', 0],
    store16: [0x3d, 'i32 i64 -> void', 1],
    store32: [0x3e, 'i32 i64 -> void', 2],
  },
  f32: {
    load: [0x2a, 'i32 -> f32', 2],
    store: [0x38, 'i32 f32 -> void', 2],
  },
  f64: {
    load: [0x2b, 'i32 -> f64', 3],
    store: [0x39, 'i32 f64 -> void', 3],
  },
} as const;
