import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { boundaryFaults } from '../check/boundaries.ts';
import type { Manifest } from '../check/workspace.ts';

const made: string[] = [];

function faults(
  folder: string,
  files: Readonly<Record<string, string>>,
  manifest: Partial<Manifest> = {},
): string {
  const directory = mkdtempSync(join(tmpdir(), 'nadir-boundaries-'));
  made.push(directory);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  const member = {
    folder,
    kind: 'packages',
    directory,
    manifest: { name: `@nadir/${folder}`, ...manifest },
  } as const;
  return boundaryFaults(member).join('\n');
}

afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

const onTensor = { dependencies: { '@nadir/tensor': 'workspace:^' } };

it('lets a package import the ones below it', () => {
  const source = `import { add } from '@nadir/tensor';\nexport const f: typeof add = add;\n`;
  expect(faults('autograd', { 'src/index.ts': source }, onTensor)).toBe('');
});

it.each([
  [`import { grad } from '@nadir/autograd';`],
  [`import type { Tape } from '@nadir/autograd';`],
  [`export { grad } from '@nadir/autograd';`],
  [`const autograd = await import('@nadir/autograd');`],
  [`import { testGradients } from '@nadir/autograd/testing';`],
])('refuses the upward import %s', (source) => {
  expect(faults('tensor', { 'src/index.ts': source })).toContain("tensor may not import '@nadir/autograd");
  expect(faults('tensor', { 'test/index.test.ts': source })).toContain(
    "tensor may not import '@nadir/autograd",
  );
});

it('refuses a relative import of another package', () => {
  const source = `import { add } from '../../tensor/src/index.ts';`;
  expect(faults('autograd', { 'src/index.ts': source })).toContain('leaves the package');
});

it('refuses node: in a package that runs in browsers, but behind its ./node entry point', () => {
  const source = `import { readFileSync } from 'node:fs';\nexport const read: typeof readFileSync = readFileSync;\n`;
  const manifest = { exports: { './node': { '@nadir/source': './src/node/index.ts' } } };
  expect(faults('nn', { 'src/index.ts': source }, manifest)).toContain("'node:fs' in nn");
  expect(faults('nn', { 'src/node/index.ts': source }, manifest)).toBe('');
  expect(
    faults('nn', { 'src/index.ts': `import './node/index.ts';`, 'src/node/index.ts': source }, manifest),
  ).toContain('is the Node entry point');
  expect(faults('data', { 'src/index.ts': source })).toBe('');
});

it('holds the dependencies against the imports', () => {
  expect(faults('autograd', { 'src/index.ts': `import { add } from '@nadir/tensor';` })).toContain(
    "'@nadir/tensor' is not among the dependencies",
  );
  expect(faults('autograd', { 'src/index.ts': 'export const x: number = 1;' }, onTensor)).toContain(
    "depends on '@nadir/tensor', which its src never imports",
  );
});

it('lets a development dependency give types, and nothing else', () => {
  const manifest = { devDependencies: { ...onTensor.dependencies, '@jax-js/jax': '0.1.25' } };
  const of = (source: string): string => faults('autograd', { 'src/index.ts': source }, manifest);
  expect(of(`import type * as jax from '@jax-js/jax';`)).toBe('');
  expect(of(`import { type Array } from '@jax-js/jax';`)).toBe('');
  for (const source of [
    `import { jit } from '@jax-js/jax';`,
    `import { jit, type Array } from '@jax-js/jax';`,
    `import '@jax-js/jax';`,
    `const jax = await import('@jax-js/jax');`,
  ]) {
    expect(of(source)).toContain("'@jax-js/jax' is not among the dependencies");
  }
  expect(of(`import type { Tensor } from '@nadir/tensor';`)).toContain("'@nadir/tensor' is not among");
});

it('asks for a row of the layers for a new package', () => {
  expect(faults('quantum', { 'src/index.ts': '' })).toContain('no row in .ci/check/layers.ts');
});
