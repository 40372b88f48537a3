import { StorageError } from '../errors.ts';
import type { FrozenTrial } from '../frozen-trial.ts';
import { encodeJson } from '../json.ts';
import type { JsonValue } from '../json.ts';
import {
  misnumberedTrial,
  nameTaken,
  staleTrial,
  unknownStudy,
  unknownTrial,
} from '../storage/storage-errors.ts';
import type {
  ImportedTrial,
  NewStudy,
  NewTrial,
  StudyRecord,
  StudyStorage,
  TrialChange,
  TrialOutcome,
  TrialRef,
} from '../storage/storage.ts';
import { sqlStateOf } from './sql-database.ts';
import type { SqlDatabase, SqlParameter, SqlRow, SqlSession } from './sql-database.ts';
import {
  detailsOf,
  detailsParameters,
  detailsRow,
  readStudy,
  readTrial,
  requireStorable,
  resultsOf,
} from './trial-text.ts';
import type { TrialDetails } from './trial-text.ts';

/** What a storage over SQL works with. */
export interface SqlStorageOptions {
  readonly database: SqlDatabase;
  /** The schema's name as SQL writes it; its tables are up to date. */
  readonly schema: string;
  /** Makes the error for what the database did not refuse but could not do. */
  readonly failure: (error: unknown) => StorageError;
}

const NO_DETAILS: TrialDetails = detailsOf([]);

/** The storage interface over tables: each write is one call of a function in the database (see schema.ts). */
export class SqlStorage implements StudyStorage {
  readonly #database: SqlDatabase;
  readonly #schema: string;
  readonly #failure: (error: unknown) => StorageError;

  constructor({ database, schema, failure }: SqlStorageOptions) {
    this.#database = database;
    this.#schema = schema;
    this.#failure = failure;
  }

  async createStudy(study: NewStudy): Promise<StudyRecord> {
    const record: StudyRecord = { ...study, userAttributes: {}, revision: 0 };
    return this.#guard('createStudy()', study.name, async () => {
      await this.#insertStudy('createStudy()', this.#database, record, 0);
      return record;
    });
  }

  async restoreStudy(study: StudyRecord, trials: readonly FrozenTrial[]): Promise<StudyRecord> {
    const caller = 'restoreStudy()';
    for (const [index, { number }] of trials.entries()) {
      if (number !== index) throw misnumberedTrial(caller, study.name, index, number);
    }
    // A study that went on while it was read has trials that are newer than its own record.
    const revision = trials.reduce((highest, trial) => Math.max(highest, trial.revision), study.revision);
    const record: StudyRecord = { ...study, revision };
    return this.#guard(caller, study.name, () =>
      this.#database.transaction(async (session) => {
        const id = await this.#insertStudy(caller, session, record, trials.length);
        for (const [key, value] of Object.entries(study.userAttributes)) {
          await this.#run(
            caller,
            session,
            `INSERT INTO ${this.#schema}.study_attribute (study_id, key, value) VALUES ($1::bigint, $2, $3::text::json)`,
            [id, key, encodeJson(value)],
          );
        }
        for (const trial of trials) await this.#insertTrial(caller, session, id, trial);
        return record;
      }),
    );
  }

  async loadStudy(name: string): Promise<StudyRecord | undefined> {
    const [row] = await this.#call(
      'loadStudy()',
      name,
      `record FROM ${this.#schema}.study_record WHERE name = $1`,
      [name],
    );
    return row === undefined ? undefined : readStudy(row['record'] as string);
  }

  async listStudies(): Promise<readonly StudyRecord[]> {
    const rows = await this.#call(
      'listStudies()',
      '',
      `record FROM ${this.#schema}.study_record ORDER BY id`,
      [],
    );
    return rows.map((row) => readStudy(row['record'] as string));
  }

  async deleteStudy(name: string): Promise<void> {
    await this.#guard('deleteStudy()', name, async () => {
      const deleted = await this.#run(
        'deleteStudy()',
        this.#database,
        `DELETE FROM ${this.#schema}.study WHERE name = $1 RETURNING id::text`,
        [name],
      );
      if (deleted.length === 0) throw await this.#unknownStudy(name);
    });
  }

  async setStudyAttribute(study: string, key: string, value: JsonValue): Promise<void> {
    await this.#call(
      'setStudyAttribute()',
      study,
      `${this.#schema}.set_study_attribute($1, $2, $3::text::json)`,
      [study, key, encodeJson(value)],
    );
  }

  async createTrial(study: string, trial: NewTrial): Promise<FrozenTrial> {
    const { state, fixedParams, userAttributes, sampler, at } = trial;
    const running = state === 'running';
    return this.#guard('createTrial()', study, () =>
      this.#appendTrial('createTrial()', this.#database, study, {
        ...NO_DETAILS,
        state,
        fixedParams,
        userAttributes,
        sampler,
        values: null,
        error: null,
        startedAt: running ? at : null,
        finishedAt: null,
      }),
    );
  }

  async importTrials(study: string, trials: readonly ImportedTrial[]): Promise<readonly FrozenTrial[]> {
    const caller = 'importTrials()';
    return this.#guard(caller, study, () =>
      this.#database.transaction(async (session) => {
        const imported: FrozenTrial[] = [];
        for (const trial of trials) {
          imported.push(await this.#appendTrial(caller, session, study, { ...trial, fixedParams: {} }));
        }
        // Nothing above has asked whether there is such a study.
        if (trials.length === 0) await session.query(`SELECT ${this.#schema}.study_id($1)::text`, [study]);
        return imported;
      }),
    );
  }

  async claimTrial(
    study: string,
    claim: { readonly sampler: string; readonly at: number },
  ): Promise<FrozenTrial | undefined> {
    const [row] = await this.#call(
      'claimTrial()',
      study,
      `${this.#schema}.claim_trial($1, $2, $3::float8) AS record`,
      [study, claim.sampler, claim.at],
    );
    const record = row?.['record'] ?? null;
    return record === null ? undefined : readTrial(record as string);
  }

  async writeTrial(trial: TrialRef, changes: readonly TrialChange[]): Promise<void> {
    const proposal = changes.findLast((change) => change.type === 'proposal');
    await this.#callFenced(
      'writeTrial()',
      trial,
      `write_trial($1, $2::integer, $3::integer, $4::text::json, $5::integer, ${detailsRow(this.#schema, 6)})::text`,
      [
        proposal === undefined ? null : encodeJson(proposal.params),
        proposal?.parent ?? null,
        ...detailsParameters(detailsOf(changes)),
      ],
    );
  }

  async finishTrial(trial: TrialRef, outcome: TrialOutcome): Promise<FrozenTrial> {
    const { state, values, error, at } = outcome;
    const text = await this.#callFenced(
      'finishTrial()',
      trial,
      `finish_trial($1, $2::integer, $3::integer, $4, $5::text[], $6::text::json, $7::float8)`,
      [state, resultsOf(values), error === null ? null : encodeJson(error), at],
    );
    return readTrial(text);
  }

  async requeueTrial(trial: TrialRef): Promise<FrozenTrial> {
    return readTrial(
      await this.#callFenced('requeueTrial()', trial, `requeue_trial($1, $2::integer, $3::integer)`, []),
    );
  }

  async loadTrials(study: string, afterRevision: number): Promise<readonly FrozenTrial[]> {
    const rows = await this.#call(
      'loadTrials()',
      study,
      `record FROM ${this.#schema}.load_trials($1, $2::bigint) AS record`,
      [study, afterRevision],
    );
    return rows.map((row) => readTrial(row['record'] as string));
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  async #insertStudy(
    caller: string,
    session: SqlSession,
    { name, directions, seed, createdAt, revision }: StudyRecord,
    trials: number,
  ): Promise<string> {
    const [row] = await this.#run(
      caller,
      session,
      `INSERT INTO ${this.#schema}.study (name, directions, seed, created_at, revision, trials)
       VALUES ($1, $2::text[], $3::bigint, $4::float8, $5::bigint, $6::integer) RETURNING id::text`,
      [name, directions, seed, createdAt, revision, trials],
    );
    return row?.['id'] as string;
  }

  /** A trial as it was, in the place that it had. */
  async #insertTrial(caller: string, session: SqlSession, id: string, trial: FrozenTrial): Promise<void> {
    const { number, state, attempt, values, fixedParams, proposal, parent, sampler, error } = trial;
    const { startedAt, finishedAt, asked, proposed, told, revision } = trial;
    await this.#run(
      caller,
      session,
      `INSERT INTO ${this.#schema}.trial (study_id, number, state, attempt, results, fixed_params, proposal, parent,
         sampler, error, started_at, finished_at, asked, proposed, told, revision)
       VALUES ($1::bigint, $2::integer, $3, $4::integer, $5::text[]::float8[], $6::text::json, $7::text::json,
         $8::integer, $9, $10::text::json, $11::float8, $12::float8, $13::bigint, $14::bigint, $15::bigint, $16::bigint)`,
      [
        id,
        number,
        state,
        attempt,
        resultsOf(values),
        encodeJson(fixedParams),
        encodeJson(proposal),
        parent,
        sampler,
        error === null ? null : encodeJson(error),
        startedAt,
        finishedAt,
        asked,
        proposed,
        told,
        revision,
      ],
    );
    await this.#run(
      caller,
      session,
      `SELECT ${this.#schema}.write_details($1::bigint, $2::integer, ${detailsRow(this.#schema, 3)}, true)::text`,
      [id, number, ...detailsParameters(trial)],
    );
  }

  async #appendTrial(
    caller: string,
    session: SqlSession,
    study: string,
    trial: Omit<ImportedTrial, 'state'> & Pick<FrozenTrial, 'state' | 'fixedParams'>,
  ): Promise<FrozenTrial> {
    const { state, fixedParams, values, sampler, error, startedAt, finishedAt } = trial;
    const [row] = await this.#run(
      caller,
      session,
      `SELECT ${this.#schema}.append_trial($1, $2, $3::text::json, $4::text[], $5, $6::text::json, $7::float8,
         $8::float8, ${detailsRow(this.#schema, 9)}) AS record`,
      [
        study,
        state,
        encodeJson(fixedParams),
        resultsOf(values),
        sampler,
        error === null ? null : encodeJson(error),
        startedAt,
        finishedAt,
        ...detailsParameters(trial),
      ],
    );
    return readTrial(row?.['record'] as string);
  }

  async #call(
    caller: string,
    study: string,
    selection: string,
    parameters: readonly SqlParameter[],
  ): Promise<readonly SqlRow[]> {
    return this.#guard(caller, study, () =>
      this.#run(caller, this.#database, `SELECT ${selection}`, parameters),
    );
  }

  /** Calls a function that begins with a trial and its attempt. */
  async #callFenced(
    caller: string,
    trial: TrialRef,
    call: string,
    parameters: readonly SqlParameter[],
  ): Promise<string> {
    const { study, number, attempt } = trial;
    const statement = `SELECT ${this.#schema}.${call} AS record`;
    return this.#guard(
      caller,
      study,
      async () => {
        const [row] = await this.#run(caller, this.#database, statement, [
          study,
          number,
          attempt,
          ...parameters,
        ]);
        return row?.['record'] as string;
      },
      trial,
    );
  }

  async #run(
    caller: string,
    session: SqlSession,
    statement: string,
    parameters: readonly SqlParameter[],
  ): Promise<readonly SqlRow[]> {
    requireStorable(caller, parameters);
    return session.query(statement, parameters);
  }

  /**
   * Turns what the database raised into the errors of the storage interface. Around a whole transaction, never within
   * one: it asks the database itself, which would wait for the transaction to end.
   */
  async #guard<T>(caller: string, study: string, work: () => Promise<T>, trial?: TrialRef): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof StorageError) throw error;
      const state = sqlStateOf(error);
      if (state?.code === 'ND001') throw await this.#unknownStudy(study);
      if (state?.code === '23505') throw nameTaken(caller, study);
      if (state?.code === 'ND002' && trial !== undefined) {
        throw unknownTrial(study, trial.number, Number(state.detail));
      }
      if (state?.code === 'ND003' && trial !== undefined) {
        const [found, attempt] = state.detail.split(' ') as [FrozenTrial['state'], string];
        const expected = `running in attempt ${trial.attempt}`;
        throw staleTrial(caller, trial.number, expected, { state: found, attempt: Number(attempt) });
      }
      throw this.#failure(error);
    }
  }

  async #unknownStudy(name: string): Promise<StorageError> {
    return unknownStudy(
      name,
      (await this.listStudies()).map((study) => study.name),
    );
  }
}
