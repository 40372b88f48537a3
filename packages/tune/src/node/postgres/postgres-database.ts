import type { Pool, PoolClient } from 'pg';
import { StorageError } from '../../errors.ts';
import type { SqlDatabase, SqlParameter, SqlRow, SqlSession } from '../../sql/sql-database.ts';

/** Milliseconds that a server may take to accept a connection, and to answer a statement. */
const CONNECT_TIMEOUT = 10_000;
const ANSWER_TIMEOUT = 60_000;

/**
 * Connects to a server by URL when first asked something, and again after a connection was lost. One connection: a
 * process's statements run in the order of its calls.
 */
export async function openPostgres(url: string): Promise<SqlDatabase> {
  const Pool = await loadPool();
  const pool = new Pool({
    connectionString: url,
    application_name: '@nadir/tune',
    max: 1,
    allowExitOnIdle: true,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    query_timeout: ANSWER_TIMEOUT,
  });
  // An idle connection that breaks: the pool drops it, and the next statement makes another one.
  pool.on('error', () => {});
  return {
    ...sessionOf(pool),
    transaction: (work) => runTransaction(pool, work),
    close: () => pool.end(),
  };
}

async function loadPool(): Promise<typeof Pool> {
  try {
    return (await import('pg')).Pool;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new StorageError('postgresStorage(): the package pg, which is not installed. Run npm install pg.', {
      cause: error,
    });
  }
}

async function runTransaction<T>(pool: Pool, work: (session: SqlSession) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await work(sessionOf(client));
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((reason: Error) => {
      failure = reason;
    });
    throw error;
  } finally {
    // A connection that could not roll back is not used again.
    client.release(failure);
  }
}

function sessionOf(target: Pool | PoolClient): SqlSession {
  return {
    query: async (statement, parameters: readonly SqlParameter[] = []) =>
      (await target.query<SqlRow>(statement, [...parameters])).rows,
    execute: async (script) => {
      await target.query(script);
    },
  };
}
