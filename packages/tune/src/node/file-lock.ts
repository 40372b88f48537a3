import { createHash, randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { StorageError } from '../errors.ts';

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

// Tells a lock of this process from one that an earlier process with the same id left behind, as in a container.
const heldTokens: Set<string> = new Set();

/**
 * Takes `<path>.lock` for this process and returns its release. A lock whose process is gone is taken over.
 * Throws a StorageError while another owner is alive, or may be: on another host one cannot tell.
 */
export async function lockFile(path: string): Promise<() => Promise<void>> {
  const lock = `${path}.lock`;
  const owner: Owner = { pid: process.pid, host: hostname(), token: randomUUID() };
  const text = JSON.stringify(owner);
  // Held before the file exists: a rival of this process that reads it at once must not take it for a stale one.
  heldTokens.add(owner.token);
  try {
    while (!(await createExclusively(lock, text))) {
      const held = await readIfThere(lock);
      if (held === undefined) continue;
      requireStale(path, lock, held);
      await removeStale(path, lock, held);
    }
  } catch (error) {
    heldTokens.delete(owner.token);
    throw error;
  }
  return async () => {
    if ((await readIfThere(lock)) === text) await rm(lock, { force: true });
    heldTokens.delete(owner.token);
  };
}

async function createExclusively(lock: string, text: string): Promise<boolean> {
  try {
    await writeFile(lock, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new StorageError(`jsonLinesStorage(): a folder to write in, got ${lock}: ${String(error)}`, {
      cause: error,
    });
  }
}

function requireStale(path: string, lock: string, text: string): void {
  const owner = parseOwner(text);
  if (owner !== undefined && owner.host === hostname()) {
    if (owner.pid === process.pid ? !heldTokens.has(owner.token) : !isAlive(owner.pid)) return;
  }
  const who =
    owner === undefined
      ? 'an unknown process'
      : owner.pid === process.pid && owner.host === hostname()
        ? 'this process'
        : `process ${owner.pid} on ${owner.host}`;
  throw new StorageError(
    `jsonLinesStorage(): a file that no one else writes to, got ${path}, open in ${who}. ` +
      `Close it there, open it here with readOnly, or remove ${lock} if its owner is gone.`,
  );
}

/**
 * Removes a stale lock, and never a new one in its place: a lock with this text is removed only by the one who holds
 * the claim on it, so it cannot be replaced between the comparison and the removal.
 */
async function removeStale(path: string, lock: string, text: string): Promise<void> {
  const claim = `${lock}.${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
  if (!(await createExclusively(claim, ''))) {
    throw new StorageError(
      `jsonLinesStorage(): a file that no one else writes to, got ${path}, which another process is taking over. ` +
        `Remove ${claim} if none is.`,
    );
  }
  try {
    if ((await readIfThere(lock)) === text) await rm(lock, { force: true });
  } finally {
    await rm(claim, { force: true });
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Partial<Owner> | null;
    const { pid, host, token } = owner ?? {};
    return typeof pid === 'number' && typeof host === 'string' && typeof token === 'string'
      ? { pid, host, token }
      : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and belongs to someone else.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
