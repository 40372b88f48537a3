import { createHash, randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { StorageError } from '../errors.ts';

/** Who holds a lock. */
export interface LockOwner {
  readonly pid: number;
  readonly host: string;
  /** No two takings of a lock have the same. */
  readonly token: string;
  /** When the process began, where the system tells: an id that was given out again is another process. */
  readonly started?: string | undefined;
}

/** A lock that this process holds. */
export interface FileLock {
  readonly owner: LockOwner;
  release(): Promise<void>;
}

/** What is locked, for messages. */
export interface LockWording {
  readonly caller: string;
  /** What the caller needs, as `a file that no one else writes to`. */
  readonly need: string;
  /** What else can be done: nothing, or a space, the words and a comma. */
  readonly hint: string;
}

/** Someone else has the lock, or is about to. */
export class LockHeldError extends StorageError {
  /** Undefined where the lock does not say, as for a moment while it is being taken. */
  readonly owner: LockOwner | undefined;

  constructor(message: string, owner: LockOwner | undefined) {
    super(message);
    this.owner = owner;
  }
}

// Tells a lock of this process from one that an earlier process with the same id left behind, as in a container.
const heldTokens: Set<string> = new Set();

/**
 * Takes `<path>.lock` for this process. A lock whose process is gone is taken over.
 * Throws a {@link LockHeldError} while another owner is alive, or may be: on another host one cannot tell.
 */
export async function lockFile(path: string, wording: LockWording): Promise<FileLock> {
  const lock = `${path}.lock`;
  const started = await startOf(process.pid);
  const owner: LockOwner = { pid: process.pid, host: hostname(), token: randomUUID(), started };
  const text = JSON.stringify(owner);
  // Held before the file exists: a rival of this process that reads it at once must not take it for a stale one.
  heldTokens.add(owner.token);
  try {
    while (!(await createExclusively(lock, text, wording))) {
      const held = await readIfThere(lock);
      if (held === undefined) continue;
      await requireStale(path, lock, held, wording);
      await removeStale(path, lock, held, wording);
    }
  } catch (error) {
    heldTokens.delete(owner.token);
    throw error;
  }
  return {
    owner,
    release: async () => {
      if ((await readIfThere(lock)) === text) await rm(lock, { force: true });
      heldTokens.delete(owner.token);
    },
  };
}

async function createExclusively(lock: string, text: string, { caller }: LockWording): Promise<boolean> {
  try {
    await writeFile(lock, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new StorageError(`${caller}: a folder to write in, got ${lock}: ${String(error)}`, {
      cause: error,
    });
  }
}

async function requireStale(
  path: string,
  lock: string,
  text: string,
  { caller, need, hint }: LockWording,
): Promise<void> {
  const owner = parseOwner(text);
  if (owner !== undefined && owner.host === hostname()) {
    if (owner.pid === process.pid ? !heldTokens.has(owner.token) : !(await isAlive(owner))) return;
  }
  const who =
    owner === undefined
      ? 'an unknown process'
      : owner.pid === process.pid && owner.host === hostname()
        ? 'this process'
        : `process ${owner.pid} on ${owner.host}`;
  throw new LockHeldError(
    `${caller}: ${need}, got ${path}, open in ${who}. ` +
      `Close it there,${hint} or remove ${lock} if its owner is gone.`,
    owner,
  );
}

/**
 * Removes a stale lock, and never a new one in its place: a lock with this text is removed only by the one who holds
 * the claim on it, so it cannot be replaced between the comparison and the removal.
 */
async function removeStale(path: string, lock: string, text: string, wording: LockWording): Promise<void> {
  const claim = `${lock}.${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
  if (!(await createExclusively(claim, '', wording))) {
    throw new LockHeldError(
      `${wording.caller}: ${wording.need}, got ${path}, which another process is taking over. ` +
        `Remove ${claim} if none is.`,
      undefined,
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

function parseOwner(text: string): LockOwner | undefined {
  try {
    const owner = JSON.parse(text) as Partial<LockOwner> | null;
    const { pid, host, token, started } = owner ?? {};
    return typeof pid === 'number' && typeof host === 'string' && typeof token === 'string'
      ? { pid, host, token, started }
      : undefined;
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, started }: LockOwner): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and belongs to someone else.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = started === undefined ? undefined : await startOf(pid);
  return now === undefined || now === started;
}

/** When a process began, in ticks since the system did: Linux tells, others do not. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name before it, in parentheses, may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
