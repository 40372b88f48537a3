import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// These tests start the built programs as a user would; what they run is `dist`, never the sources.
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['apps/*/test/**/*.e2e.ts'],
    pool: 'forks',
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
