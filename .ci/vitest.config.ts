import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
const conditions = ['@nadir/source', 'node', 'import', 'default'];

export default defineConfig({
  root,
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['@nadir/source'] } },
  test: {
    include: ['{packages,apps}/*/test/**/*.test.ts'],
    pool: 'forks',
  },
});
