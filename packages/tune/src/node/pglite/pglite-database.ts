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

/** A database in this process, which may come to grief while it is open. */
export interface EmbeddedDatabase extends SqlDatabase {
  /** Fulfils when it can do no more: then it has closed itself, and may be opened anew. */
  readonly broken: Promise<void>;
}

/** Opens the database in a folder, which is made where it is not there. Nobody else may have it open. */
export async function openPGlite(folder: string): Promise<EmbeddedDatabase> {
  const PGlite = await loadPGlite();
  const database = await PGlite.create({ dataDir: folder });
  let breakDown: () => void = () => {};
  const broken = new Promise<void>((resolve) => {
    breakDown = resolve;
  });
  let death: { readonly error: unknown } | undefined;

  // One call after the other, and none after a panic, as of a full disk: it would never return, and block the process.
  let turns: Promise<unknown> = Promise.resolve();
  const takeTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = turns.then(async () => {
      if (death !== undefined) throw death.error;
      try {
        return await work();
      } catch (error) {
        if (isDeath(error)) {
          death = { error };
          breakDown();
        }
        throw error;
      }
    });
    turns = turn.catch(() => {});
    return turn;
  };
  const session = sessionOf(database);
  return {
    broken,
    query: (statement, parameters) => takeTurn(() => session.query(statement, parameters)),
    execute: (script) => takeTurn(() => session.execute(script)),
    transaction: (work) =>
      takeTurn(() => database.transaction((transaction) => work(sessionOf(transaction)))),
    close: async () => {
      await turns;
      if (death === undefined) await database.close();
    },
  };
}

/** Whether PostgreSQL ended itself, or WebAssembly did. A refusal to do one thing is an ordinary error. */
function isDeath(error: unknown): boolean {
  const { severity } = (error ?? {}) as { readonly severity?: unknown };
  return severity === 'PANIC' || severity === 'FATAL' || error instanceof WebAssembly.RuntimeError;
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
