import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { conventionFaults } from '../check/conventions.ts';

const directory = mkdtempSync(join(tmpdir(), 'nadir-conventions-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function faults(text: string, name = 'table.ts'): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return conventionFaults(path).join('\n');
}

describe('rule tables', () => {
  it.each([
    'export const rules: Partial<RuleTable> = {};',
    'export const kernels: Partial<Record<PrimitiveName, Kernel>> = {};',
    'type Rules = { [P in PrimitiveName]?: Rule<P> };',
    'type Rules = { readonly [P in PrimitiveName]+?: Rule<P> };',
    'type Rules = Partial<{ [P in PrimitiveName]: Rule<P> }>;',
    'const views: { [P in MovementName]?: ViewRule<P> } = {};',
    'type Rules = { [P in keyof Primitives]?: Rule<P> };',
    'const loose = {} satisfies Partial<GradientRules>;',
  ])('refuses %s', (text) => {
    expect(faults(text)).toContain('is a partial rule table');
  });

  it.each([
    'export const rules: { [P in PrimitiveName]: Rule<P> } = all;',
    'function f(options: Partial<Options>): void {}',
    'type Loose = { [K in keyof Options]?: Options[K] };',
  ])('accepts %s', (text) => {
    expect(faults(text)).toBe('');
  });
});

it('refuses a star export, and accepts a named one', () => {
  expect(faults(`export * from './ops.ts';`)).toContain('`export *`');
  expect(faults(`export * as ops from './ops.ts';`)).toBe('');
});

it('refuses a long file that does not say why', () => {
  const long = 'export {};\n'.repeat(501);
  expect(faults(long)).toContain('501 lines');
  expect(faults(`// Over 500 lines: the opcodes are one table.\n${long}`)).toBe('');
});

it('refuses drawers', () => {
  expect(faults('export {};\n', 'utils.ts')).toContain("'utils' names a drawer");
  mkdirSync(join(directory, 'helpers'));
  expect(faults('export {};\n', 'helpers/shape.ts')).toContain("'helpers' names a drawer");
});
