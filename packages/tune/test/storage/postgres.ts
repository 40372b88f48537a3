import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { onTestFinished } from 'vitest';

/** A server to test on, as `.ci/run` starts one: a URL whose user may make schemas. */
export const postgresUrl: string | undefined = process.env['NADIR_TEST_POSTGRES'];

/** What the names of tests that need a server end with where there is none. */
export const postgresHint: string =
  postgresUrl === undefined ? ' (set NADIR_TEST_POSTGRES=postgres://… to run it)' : '';

/** Runs statements beside the storage under test. */
export async function onServer<T>(
  work: (client: pg.Client) => Promise<T>,
  url: string | undefined = postgresUrl,
): Promise<T> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A name for a schema of the test's own, which is dropped when the test has finished. */
export function newSchema(): string {
  const schema = `nadir_test_${randomUUID().replaceAll('-', '')}`;
  onTestFinished(() =>
    onServer(async (client) => void (await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`))),
  );
  return schema;
}

/** A database of the test's own, which is dropped when the test has finished. Returns its URL. */
export async function newDatabase(): Promise<string> {
  const name = `nadir_test_${randomUUID().replaceAll('-', '')}`;
  await onServer((client) => client.query(`CREATE DATABASE ${name}`));
  onTestFinished(() =>
    onServer(async (client) => void (await client.query(`DROP DATABASE ${name} WITH (FORCE)`))),
  );
  const url = new URL(postgresUrl as string);
  url.pathname = name;
  return url.href;
}
