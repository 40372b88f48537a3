export type { Expression, Label, Local, Operand } from './expression.ts';
export { features, type Features } from './features.ts';
export { FunctionBuilder, type Range } from './function-builder.ts';
export type {
  DataHandle,
  FunctionHandle,
  GlobalHandle,
  Parameters,
  Signature,
  TableHandle,
} from './handles.ts';
export {
  atomic,
  call,
  callIndirect,
  f32,
  f32x4,
  f64,
  f64x2,
  i16x8,
  i32,
  i32x4,
  i64,
  i64x2,
  i8x16,
  memory,
  select,
  v128,
  type CallArguments,
} from './instructions/index.ts';
export {
  ModuleBuilder,
  type FunctionOptions,
  type MemoryLimits,
  type ParameterLocals,
} from './module-builder.ts';
export type { ResultType, ValueType } from './value-type.ts';
export { WasmError } from './wasm-error.ts';
export { DEPTH_BLOCK, emitGemm, ROW_BLOCK, type EmitGemmOptions, type GemmFunctions } from './gemm/kernel.ts';
export { emitRowTile, ROW_TILE, type EmitRowTileOptions } from './gemm/row-tile.ts';
export { transposeLanes } from './gemm/element.ts';
export { emitProducts, type EmitProductsOptions, type ProductFunctions } from './gemm/products.ts';
export { chooseKernel, type KernelChoice, type Tile } from './gemm/tile.ts';
export { createGemm, type FloatArray, type Gemm, type GemmOptions } from './gemm/gemm.ts';
export { createPeak } from './peak.ts';
