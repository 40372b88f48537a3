export { createWasmExecutor, wasmExecutor, type WasmExecutorOptions } from './executor.ts';
export { simplify } from './passes/simplify.ts';
