import { StorageError, show } from '../../errors.ts';
import { migrate } from '../../sql/migrate.ts';
import { SqlStorage } from '../../sql/sql-storage.ts';
import { callStorage, forwardingStorage } from '../../storage/storage-calls.ts';
import type { StudyStorage } from '../../storage/storage.ts';
import { openPostgres } from './postgres-database.ts';

/** Options of {@link postgresStorage}. */
export interface PostgresStorageOptions {
  /** The schema that the tables go into. Default `nadir`. */
  readonly schema?: string | undefined;
  /** Whether to make the tables where there are none. Default true; without it that is an error. */
  readonly create?: boolean | undefined;
}

/**
 * Keeps studies on a PostgreSQL server (12 or newer), for any number of processes on any number of machines. The
 * tables are made, and brought up to date, by the first call. Needs the package `pg`.
 *
 * Each write is one transaction, and what it has acknowledged is as durable as the server is. A call that is under
 * way when the server goes away rejects with a `StorageError`, and may have been carried out or not; the next call
 * connects again.
 *
 * @example
 * ```ts no-run
 * import { createStudy } from '@nadir/tune';
 * import { postgresStorage } from '@nadir/tune/postgres';
 *
 * const storage = postgresStorage('postgres://nadir@localhost/studies');
 * const study = await createStudy({ storage, name: 'parabola', resume: true });
 * await study.optimize((trial) => trial.suggestFloat('x', -1, 1) ** 2, { trials: 100 });
 * await storage.close();
 * ```
 */
export function postgresStorage(url: string, options: PostgresStorageOptions = {}): StudyStorage {
  const caller = 'postgresStorage()';
  const { schema: name = 'nadir', create = true } = options;
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) {
    throw new StorageError(`${caller}: a schema of lower-case letters, digits and _, got ${show(name)}.`);
  }
  const place = withoutPassword(url);
  const schema = `"${name}"`;
  const failure = (error: unknown): StorageError =>
    error instanceof StorageError
      ? error
      : new StorageError(
          `${caller}: a server that does what it is asked, got ${place}: ${reasonOf(error)}. ` +
            'Everything acknowledged before is kept; resume the study when this is put right.',
          { cause: error },
        );

  let opening: Promise<SqlStorage> | undefined;
  let closed = false;
  const open = async (): Promise<SqlStorage> => {
    const database = await openPostgres(url);
    try {
      await migrate(database, { schema, create, caller, place });
      return new SqlStorage({ database, schema, failure });
    } catch (error) {
      await database.close();
      throw failure(error);
    }
  };
  const storage = async (): Promise<SqlStorage> => {
    if (closed) throw new StorageError(`${caller}: an open storage, got ${place} after close().`);
    // A failed opening is not kept: the next call tries again.
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };

  return forwardingStorage(
    async (method, args) => callStorage(await storage(), method, args),
    async () => {
      closed = true;
      await (await opening?.catch(() => undefined))?.close();
    },
  );
}

/** The URL for messages. */
function withoutPassword(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new StorageError('postgresStorage(): a URL such as postgres://user@host/database.', { cause });
  }
  if (parsed.protocol !== 'postgres:' && parsed.protocol !== 'postgresql:') {
    throw new StorageError(
      `postgresStorage(): a URL that begins with postgres://, got ${parsed.protocol}//.`,
    );
  }
  parsed.password = '';
  parsed.searchParams.delete('password');
  return parsed.href;
}

/** What an error says; one connection attempt to several addresses fails with several. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
