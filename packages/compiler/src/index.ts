export { compile, type CompiledFunction, type CompileOptions } from './compile/compile.ts';
export { createWasmExecutor, wasmExecutor, type WasmExecutorOptions } from './executor.ts';
export { simplify } from './passes/simplify.ts';
export { getThreads, setThreads } from './threads/set-threads.ts';
