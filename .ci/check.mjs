// The entry of `pnpm check`: plain JavaScript, so that a wrong Node gets an explanation and not a syntax error.
import { assertPinnedNode } from './pinned-node.mjs';

try {
  assertPinnedNode();
} catch (error) {
  console.error(`✗ ${error.message}`);
  process.exit(1);
}
const { check } = await import('./check/check.ts');
process.exitCode = await check(process.argv.slice(2));
