import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError } from '../../errors.ts';
import { migrate } from '../../sql/migrate.ts';
import { SqlStorage } from '../../sql/sql-storage.ts';
import { callStorage } from '../../storage/storage-calls.ts';
import type { StorageCall } from '../../storage/storage-calls.ts';
import { lockFile, LockHeldError } from '../file-lock.ts';
import type { FileLock, LockOwner, LockWording } from '../file-lock.ts';
import { OwnerClient } from './owner-client.ts';
import { layoutOf } from './owner-protocol.ts';
import type { FolderLayout, OwnerAddress } from './owner-protocol.ts';
import { OwnerServer } from './owner-server.ts';
import { loadPGlite, openPGlite } from './pglite-database.ts';
import type { EmbeddedDatabase } from './pglite-database.ts';

/** A place at a folder's database: the owner's own, or a client's of the process that is the owner. */
export interface Seat {
  readonly call: StorageCall;
  /** Whether it has to be given up for a new one. */
  isLost(): boolean;
  close(): Promise<void>;
}

const caller = 'pgliteStorage()';
const schema = 'nadir';

/** Milliseconds to wait for an owner that is just opening its database, closing it, or busy. */
const PATIENCE = 30_000;
const PAUSE = 50;

const WORDING: LockWording = {
  caller,
  need: 'a folder that no one else has open',
  hint: '',
};

/**
 * Takes the lock of a folder and opens its database, or finds the process that has done so.
 * Throws a StorageError where that process cannot be reached, or the folder is not what it must be.
 */
export async function takeSeat(folder: string, create: boolean): Promise<Seat> {
  const layout = layoutOf(folder);
  await prepareFolder(folder, layout, create);
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    try {
      return await ownFolder(folder, layout, await lockFile(layout.database, WORDING));
    } catch (error) {
      if (!(error instanceof LockHeldError)) throw error;
      const { owner } = error;
      if (owner !== undefined && owner.host !== hostname()) throw error;
      const left = deadline - performance.now();
      const seat = owner === undefined ? undefined : await joinOwner(layout, owner, Math.max(left, PAUSE));
      if (seat !== undefined) return seat;
      if (left <= 0) throw owner === undefined ? error : unreachable(folder, owner, error);
    }
    await sleep(PAUSE);
  }
}

async function ownFolder(folder: string, layout: FolderLayout, lock: FileLock): Promise<Seat> {
  const failure = failureOf(folder);
  let database: EmbeddedDatabase | undefined;
  try {
    database = await openDatabase(folder, layout);
    const storage = new SqlStorage({ database, schema, failure });
    const server = await OwnerServer.open(storage, layout.address, lock.owner.token);
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> =>
      (closing ??= server
        .close()
        .then(() => storage.close())
        .finally(() => lock.release()));
    // Whoever comes next, here or elsewhere, opens the database anew.
    const broken = database.broken.then(close);
    broken.catch(() => {});
    return {
      call: (method, args) => callStorage(storage, method, args),
      isLost: () => closing !== undefined,
      close,
    };
  } catch (error) {
    await database?.close().catch(() => {});
    await lock.release();
    throw failure(error, await spaceLeft(folder));
  }
}

/** Opens the database of a folder whose lock this process holds. */
async function openDatabase(folder: string, { database }: FolderLayout): Promise<EmbeddedDatabase> {
  const upToDate = (opened: EmbeddedDatabase): Promise<void> =>
    migrate(opened, { schema, create: true, caller, place: folder });
  if (!(await isThere(database))) {
    // Made elsewhere and renamed: a process that is killed meanwhile leaves no half of a database.
    const draft = `${database}.new-${randomUUID()}`;
    await removeDrafts(database);
    try {
      const fresh = await openPGlite(draft);
      await upToDate(fresh);
      await fresh.close();
      await rename(draft, database);
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      throw error;
    }
  }
  const opened = await openPGlite(database);
  try {
    await upToDate(opened);
    return opened;
  } catch (error) {
    await opened.close().catch(() => {});
    throw error;
  }
}

/** What processes left behind that were killed in the middle. The lock says that nobody uses it. */
async function removeDrafts(database: string): Promise<void> {
  const folder = dirname(database);
  for (const name of await readdir(folder)) {
    if (name.startsWith('database.new-')) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** A seat at the owner's, if it has opened and answers. */
async function joinOwner(
  layout: FolderLayout,
  owner: LockOwner,
  patience: number,
): Promise<Seat | undefined> {
  const address = await readAddress(layout.address);
  if (address === undefined || address.token !== owner.token) return undefined;
  const client = await OwnerClient.connect(address, patience);
  if (client === undefined) return undefined;
  return {
    call: (method, args) => client.call(method, args),
    isLost: () => client.isLost,
    close: () => client.close(),
  };
}

async function readAddress(path: string): Promise<OwnerAddress | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as OwnerAddress;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StorageError(`${caller}: a readable file, got ${path}: ${String(error)}`, { cause: error });
  }
}

async function prepareFolder(folder: string, { database }: FolderLayout, create: boolean): Promise<void> {
  if (await isThere(database)) return;
  if (!create) {
    throw new StorageError(`${caller}: a folder with studies in it, got ${folder}, which has none.`);
  }
  // Before anything is written: without it, an empty folder would stay behind.
  await loadPGlite();
  try {
    await mkdir(folder, { recursive: true });
    const foreign = (await readdir(folder)).find((name) => !/^(database|owner)\b/.test(name));
    if (foreign === undefined) return;
    throw new StorageError(
      `${caller}: an empty folder, or one that it made itself, got ${folder}, which holds ${foreign}.`,
    );
  } catch (error) {
    throw failureOf(folder)(error);
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** What to say of a disk that is nearly full: PGlite itself does not say why it could not open. */
async function spaceLeft(folder: string): Promise<string> {
  const megabytes = await statfs(folder).then(
    ({ bavail, bsize }) => (bavail * bsize) / 2 ** 20,
    () => Infinity,
  );
  return megabytes < 100 ? ` (${Math.floor(megabytes)} MB left on its disk)` : '';
}

function failureOf(folder: string): (error: unknown, space?: string) => StorageError {
  return (error, space = '') =>
    error instanceof StorageError
      ? error
      : new StorageError(
          `${caller}: a folder that can be read and written, got ${folder}: ${reasonOf(error)}${space}. ` +
            'Everything acknowledged before is kept; resume the study when this is put right.',
          { cause: error },
        );
}

function reasonOf(error: unknown): string {
  const { name, message, errno } = error as { name?: string; message?: string; errno?: number };
  // WebAssembly's own number for what is ENOSPC elsewhere; PGlite passes it on bare.
  if (errno === 51) return 'no space left on device';
  return message ?? `${name} ${errno}`;
}

function unreachable(folder: string, owner: LockOwner, cause: LockHeldError): StorageError {
  return new StorageError(
    `${caller}: an owner that answers, got none for ${PATIENCE / 1000} s from process ${owner.pid}, which has ${folder} open. ` +
      'It may be computing without a pause: wait for it, run its objective in processes of their own, or end it.',
    { cause },
  );
}
