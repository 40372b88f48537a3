import type { PGlite, Transaction } from '@electric-sql/pglite';
import { StorageError } from '../../errors.ts';
import type { SqlDatabase, SqlParameter, SqlRow, SqlSession } from '../../sql/sql-database.ts';

type PGliteClass = typeof PGlite;

/** Loads PGlite. Throws a StorageError that says what to install where it is not there. */
export async function loadPGlite(): Promise<PGliteClass> {
  try {
    return (await import('@electric-sql/pglite')).PGlite;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new StorageError(
      'pgliteStorage(): the package @electric-sql/pglite, which is not installed. ' +
        'Run npm install @electric-sql/pglite, or keep studies in a file with jsonLinesStorage().',
      { cause: error },
    );
  }
}

/** Opens the database in a folder, which is made where it is not there. Nobody else may have it open. */
export async function openPGlite(folder: string): Promise<SqlDatabase> {
  const PGlite = await loadPGlite();
  const database = await PGlite.create({ dataDir: folder });
  return {
    ...sessionOf(database),
    transaction: (work) => database.transaction((transaction) => work(sessionOf(transaction))),
    close: () => database.close(),
  };
}

function sessionOf(target: PGlite | Transaction): SqlSession {
  return {
    query: async (statement, parameters: readonly SqlParameter[] = []) =>
      (await target.query<SqlRow>(statement, [...parameters])).rows,
    execute: async (script) => {
      await target.exec(script);
    },
  };
}
