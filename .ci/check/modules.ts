import { readFileSync } from 'node:fs';
import { parseSync, type Program } from 'oxc-parser';

export interface ImportedModule {
  readonly specifier: string;
  readonly line: number;
  /** Nothing of it is left in the JavaScript. */
  readonly isType: boolean;
}

export interface SourceModule {
  readonly path: string;
  readonly text: string;
  readonly program: Program;
  readonly imports: readonly ImportedModule[];
  /** Lines of `export * from`. */
  readonly starExports: readonly number[];
  lineOf(offset: number): number;
}

/** Parses a TypeScript file: imports, re-exports and `import()` of a literal all count, type-only ones too. */
export function readModule(path: string): SourceModule {
  const text = readFileSync(path, 'utf8');
  const { module, program } = parseSync(path, text);
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length;
  const imports: ImportedModule[] = [];
  const starExports: number[] = [];
  const add = (request: { readonly value: string; readonly start: number }, isType: boolean): void => {
    imports.push({ specifier: request.value, line: lineOf(request.start), isType });
  };
  for (const { moduleRequest, entries } of module.staticImports) {
    add(moduleRequest, entries.length > 0 && entries.every(({ isType }) => isType));
  }
  for (const statement of module.staticExports) {
    for (const entry of statement.entries) {
      if (!entry.moduleRequest) continue;
      add(entry.moduleRequest, entry.isType);
      if (entry.importName.kind === 'AllButDefault') starExports.push(lineOf(statement.start));
    }
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const literal = /^(['"])(.*)\1$/s.exec(text.slice(moduleRequest.start, moduleRequest.end));
    if (literal) add({ value: literal[2]!, start: moduleRequest.start }, false);
  }
  return { path, text, program, imports, starExports, lineOf };
}
