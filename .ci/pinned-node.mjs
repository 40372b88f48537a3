// The development Node is the npm package `node` in the root devDependencies, so that a machine with an older
// Node needs nothing else. pnpm skips the install script that links its binary unless `onlyBuiltDependencies`
// names it, and then scripts silently run on whatever Node the machine has: hence this assertion.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
export const pinnedNodeDirectory = join(root, 'node_modules', 'node', 'bin');
export const pinnedNode = join(pinnedNodeDirectory, process.platform === 'win32' ? 'node.exe' : 'node');

const wayOut = [
  'The way out: check that `onlyBuiltDependencies` in pnpm-workspace.yaml names `node`,',
  'then remove node_modules and run `npm start` or `npm test` again (pnpm users: `pnpm rebuild node`).',
].join('\n');

/** The version of the installed `node` package's binary; throws, with the way out, when it is not the pinned one. */
export function installedPinnedNode() {
  const wanted = manifest.devDependencies.node;
  let found;
  try {
    found = execFileSync(pinnedNode, ['--version'], { encoding: 'utf8' }).trim().replace(/^v/, '');
  } catch {
    found = 'none';
  }
  if (found !== wanted) {
    throw new Error(
      `development runs on Node ${wanted} (devDependencies.node), and node_modules holds ${found}.\n${wayOut}`,
    );
  }
  return found;
}

/** Throws, with the way out, unless this very process runs on the pinned Node. */
export function assertPinnedNode() {
  const wanted = manifest.devDependencies.node;
  if (process.versions.node !== wanted) {
    throw new Error(
      `this script runs on Node ${wanted} (devDependencies.node), and was started on ${process.versions.node}.\n${wayOut}`,
    );
  }
}
