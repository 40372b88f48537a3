import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
// Not 'import': Vite adds it where it fits, and named here it would reach require() too.
const conditions = ['@nadir/source', 'node'];

export default defineConfig({
  root,
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['@nadir/source'] } },
  test: {
    include: ['{packages,apps}/*/test/**/*.test.ts', '.ci/test/*.test.ts'],
    pool: 'forks',
    maxWorkers: availableParallelism(),
    // Memory tests collect before they measure.
    execArgv: ['--expose-gc'],
    // Every pass of the compiler is checked by its verifier.
    env: { NADIR_DEBUG: 'verify' },
    // A bound against hanging, not against slowness: nothing here asserts a time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      reportOnFailure: true,
      include: ['{packages,apps}/*/src/**/*.ts'],
    },
  },
});
