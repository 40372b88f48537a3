/** The types that a WebAssembly value can have here. */
export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

/** What an expression leaves: one value, or nothing (`void`). */
export type ResultType = ValueType | 'void';

/** The binary format's code of each type (WebAssembly core specification, §5.3). */
export const TYPE_CODE: Readonly<Record<ValueType | 'void' | 'funcref' | 'func', number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
  func: 0x60,
  void: 0x40,
};
