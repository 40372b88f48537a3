/** The error of `@nadir/wasm`: a module that would not validate, or operands that do not fit. */
export class WasmError extends Error {
  override readonly name = 'WasmError';
}
