import type { ModuleBuilder } from '../src/index.ts';

/** The exports of a freshly built module; functions take and return numbers or bigints. */
export function instantiate(
  module: ModuleBuilder,
  imports: WebAssembly.Imports = {},
): Record<string, (...values: (number | bigint)[]) => number | bigint | undefined> {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), imports);
  return exports as never;
}
