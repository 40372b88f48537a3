import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Imports another library. Published, the command does not depend on it: it must be installed beside.
 *
 * @throws Error that says how to get it, where it is missing.
 */
export async function importPeer<Module>(name: string, packages: string): Promise<Module> {
  try {
    return (await import(name)) as Module;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error(`${name} is not installed. Install it beside nadir: npm install ${packages}`, {
      cause: error,
    });
  }
}

/** The version of a library that is installed. */
export function peerVersion(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.resolve(name)));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly version: string })
    .version;
}
