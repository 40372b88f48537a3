import { expect, it } from 'vitest';
import { docstringLines, fences, withComparisons, type Example } from '../check/examples.ts';

function example(code: string): Example {
  return { file: 'README.md', line: 10, code, runs: true, name: 'example' };
}

it('finds the fences of docstrings, with their lines', () => {
  const source = [
    '/**',
    ' * Adds.',
    ' *',
    ' * @example',
    ' * ```ts',
    ' * add(1, 2); // => 3',
    ' * ```',
    ' */',
    'x();',
  ];
  const [found, ...others] = fences('/add.ts', docstringLines(source.join('\n')));
  expect(others).toEqual([]);
  expect(found).toMatchObject({ code: 'add(1, 2); // => 3', line: 6, runs: true });
});

it('finds the fences of a README, and leaves other languages alone', () => {
  const text = ['```sh', 'npm start', '```', '```ts no-run', 'serve();', '```'];
  expect(fences('/README.md', text)).toMatchObject([{ code: 'serve();', line: 5, runs: false }]);
});

it('compares a statement on the same line', () => {
  expect(withComparisons(example('add(1, 2); // => 3'))).toBe('__printed((add(1, 2)), "3", 0); // => 3');
});

it('compares on the next line, through console.log, and keeps the lines', () => {
  const code = 'const x = 1;\nconsole.log(\n  x,\n);\n// => 1\nafter();';
  expect(withComparisons(example(code))).toBe('const x = 1;\n__printed((x), "1", 4);\n// => 1\nafter();');
});

it('compares a declared variable', () => {
  expect(withComparisons(example('const y = f(2); // => 4'))).toBe(
    'const y = f(2); __printed(y, "4", 0); // => 4',
  );
});

it('joins the indented lines below', () => {
  const code = 'f(); // => [[1, 2],\n     //     [3, 4]]';
  expect(withComparisons(example(code))).toContain('"[[1, 2],\\n   [3, 4]]"');
});

it('expects what is thrown', () => {
  expect(withComparisons(example('f(); // => throws ShapeError'))).toContain(
    'await __throws(async () => (f())',
  );
});

it('refuses an expectation that stands behind nothing', () => {
  expect(() => withComparisons(example('if (x) {\n  // => 3\n}'))).toThrow('README.md:11');
});
