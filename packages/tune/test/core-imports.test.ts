import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

const source = new URL('../src/', import.meta.url);

describe('the core', () => {
  it('imports nothing that only Node has, so that it runs in browsers', async () => {
    const files = (await readdir(source, { recursive: true })).filter((file) => file.endsWith('.ts'));
    const core = files.filter((file) => !file.startsWith('node'));
    expect(core.length).toBeGreaterThan(15);
    for (const file of core) {
      const text = await readFile(new URL(file, source), 'utf8');
      const imports = [...text.matchAll(/^(?:import|export|\}) .*from '([^']+)';$/gm)].map(
        (match) => match[1] as string,
      );
      const outside = imports.filter((name) => !name.startsWith('.') && name !== '@nadir/random');
      const inside = imports.filter((name) => name.includes('/node/'));
      expect([file, outside, inside, /\bprocess\.\w|\bBuffer\b/.test(text)]).toEqual([file, [], [], false]);
    }
  });
});
