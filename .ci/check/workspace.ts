import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));
/** What one run of the check writes: its own, so that two may run side by side. Removed at the end; ignored by git. */
export const scratch: string = join(root, '.cache', `check-${process.pid}`);

export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
}

export interface WorkspacePackage {
  /** `tensor`, `cli` */
  readonly folder: string;
  readonly kind: 'packages' | 'apps';
  readonly directory: string;
  readonly manifest: Manifest;
}

/** Paths in messages: relative to the root, with forward slashes. */
export function shown(path: string): string {
  return relative(root, path).split(sep).join('/');
}

export function readManifest(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
}

export function workspacePackages(): readonly WorkspacePackage[] {
  return (['packages', 'apps'] as const).flatMap((kind) =>
    globSync('*/package.json', { cwd: join(root, kind) })
      .map((path) => path.split(sep)[0]!)
      .toSorted()
      .map((folder) => {
        const directory = join(root, kind, folder);
        return { folder, kind, directory, manifest: readManifest(directory) };
      }),
  );
}

/** The TypeScript files of a package below `folders`, without fixtures and build output. */
export function sourceFiles(directory: string, folders: readonly string[]): readonly string[] {
  return folders
    .filter((folder) => existsSync(join(directory, folder)))
    .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: directory }))
    .filter((path) => !/(^|[\\/])(node_modules|dist|fixtures|\.cache)[\\/]/.test(path))
    .map((path) => join(directory, path))
    .toSorted();
}
