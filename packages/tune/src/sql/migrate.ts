import { StorageError } from '../errors.ts';
import { migrations } from './schema.ts';
import type { SqlDatabase, SqlSession } from './sql-database.ts';

/** How a schema is brought up to date. */
export interface MigrateOptions {
  /** The schema's name as SQL writes it. */
  readonly schema: string;
  /** Whether to make the schema where there is none. */
  readonly create: boolean;
  /** What messages begin with. */
  readonly caller: string;
  /** Where the database is, for messages. */
  readonly place: string;
}

/**
 * Brings the tables up to the version that this package knows, or makes them. One process does it, others wait.
 * Throws a StorageError where a newer version made them, or where there are none and `create` is false.
 */
export async function migrate(database: SqlDatabase, options: MigrateOptions): Promise<void> {
  const { schema, create, caller, place } = options;
  const current = migrations.length;
  const found = await versionOf(database, schema);
  if (found === current) return;
  if (found === 0 && !create) {
    throw new StorageError(`${caller}: a database with studies in it, got ${place}, which has none.`);
  }
  if (found > current) throw tooNew(options, found);
  await database.transaction(async (session) => {
    // Released at the end of the transaction. The number is arbitrary, and the same for every version of this package.
    await session.query(`SELECT pg_advisory_xact_lock(7205759403792794)`);
    // Whoever held the lock before may have done all there is to do.
    const version = await versionOf(session, schema);
    if (version > current) throw tooNew(options, version);
    if (version === 0) {
      await session.execute(
        `CREATE SCHEMA IF NOT EXISTS ${schema};
         CREATE TABLE ${schema}.migration (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());`,
      );
    }
    for (const [index, migration] of migrations.entries()) {
      if (index < version) continue;
      await session.execute(migration(schema));
      await session.query(`INSERT INTO ${schema}.migration (version) VALUES ($1)`, [index + 1]);
    }
  });
}

/** 0 where there is nothing. */
async function versionOf(session: SqlSession, schema: string): Promise<number> {
  // Not to_regclass(), which may answer from a cache that is older than the lock.
  const tables = await session.query(
    `SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'migration'`,
    [schema.replaceAll('"', '')],
  );
  if (tables.length === 0) return 0;
  const [row] = await session.query(`SELECT coalesce(max(version), 0) AS version FROM ${schema}.migration`);
  return row?.['version'] as number;
}

function tooNew({ caller, place }: MigrateOptions, version: number): StorageError {
  return new StorageError(
    `${caller}: tables of version ${migrations.length} or older, got version ${version} in ${place}. ` +
      'Update @nadir/tune: a newer one made them.',
  );
}
