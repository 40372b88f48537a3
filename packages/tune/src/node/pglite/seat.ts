import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError } from '../../errors.ts';
import { migrate } from '../../sql/migrate.ts';
import type { SqlDatabase } from '../../sql/sql-database.ts';
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
  let database: SqlDatabase | undefined;
  try {
    database = await openDatabase(folder, layout);
    const storage = new SqlStorage({ database, schema, failure });
    const server = await OwnerServer.open(storage, layout.address, lock.owner.token);
    return {
      call: (method, args) => callStorage(storage, method, args),
      isLost: () => false,
      close: async () => {
        try {
          await server.close();
          await storage.close();
        } finally {
          await lock.release();
        }
      },
    };
  } catch (error) {
    await database?.close().catch(() => {});
    await lock.release();
    throw failure(error);
  }
}

/** Opens the database of a folder whose lock this process holds. */
async function openDatabase(folder: string, { database }: FolderLayout): Promise<SqlDatabase> {
  const upToDate = (opened: SqlDatabase): Promise<void> =>
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

function failureOf(folder: string): (error: unknown) => StorageError {
  return (error) =>
    error instanceof StorageError
      ? error
      : new StorageError(
          `${caller}: a folder that can be read and written, got ${folder}: ${error instanceof Error ? error.message : String(error)}. ` +
            'Everything acknowledged before is kept; resume the study when this is put right.',
          { cause: error },
        );
}

function unreachable(folder: string, owner: LockOwner, cause: LockHeldError): StorageError {
  return new StorageError(
    `${caller}: an owner that answers, got none for ${PATIENCE / 1000} s from process ${owner.pid}, which has ${folder} open. ` +
      'It may be computing without a pause: wait for it, run its objective in processes of their own, or end it.',
    { cause },
  );
}
