/** A value that a statement takes; text lists become `text[]`. */
export type SqlParameter = string | number | boolean | null | ReadonlyArray<string | null>;

/** Where statements run, one after the other. */
export interface SqlSession {
  /** Runs one statement. Values stand in it as `$1`, `$2` and so on. */
  query(statement: string, parameters?: readonly SqlParameter[]): Promise<readonly SqlRow[]>;
  /** Runs statements without values. */
  execute(script: string): Promise<void>;
}

/** One row: our statements cast what they return to text, integers that JavaScript holds, and null. */
export type SqlRow = Readonly<Record<string, string | number | null>>;

/** A database that speaks PostgreSQL's SQL. Statements take effect in the order of the calls. */
export interface SqlDatabase extends SqlSession {
  /** Runs `work` in one transaction: committed when it fulfils, rolled back when it rejects. */
  transaction<T>(work: (session: SqlSession) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** The SQLSTATE of an error that the database raised itself, and its detail. */
export interface SqlState {
  readonly code: string;
  readonly detail: string;
}

/** The state of an error, however it came here; undefined where the database did not raise it. */
export function sqlStateOf(error: unknown): SqlState | undefined {
  const { code, detail } = (error ?? {}) as { readonly code?: unknown; readonly detail?: unknown };
  // Unlike the codes of Node's errors (EPIPE), every one of SQL has a digit.
  if (typeof code !== 'string' || !/^(?=.*\d)[0-9A-Z]{5}$/.test(code)) return undefined;
  return { code, detail: typeof detail === 'string' ? detail : '' };
}
