import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createStudy, StorageError } from '@nadir/tune';
import type { NewTrial } from '@nadir/tune';
import { openStorage } from '@nadir/tune/node';
import { postgresStorage } from '@nadir/tune/postgres';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newDatabase, newSchema, onServer, postgresHint, postgresUrl } from '../storage/postgres.ts';

const fresh: NewTrial = { state: 'running', fixedParams: {}, userAttributes: {}, sampler: 'random', at: 1 };

const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'fulfilled',
    (error: Error) => (error instanceof StorageError ? error.message : String(error)),
  );

/** Stands between a storage and the server, and can go away. */
class Line {
  readonly #sockets: Set<Socket> = new Set();
  readonly #target: URL;
  #server: Server | undefined;
  #port = 0;

  constructor(target: string) {
    this.#target = new URL(target);
  }

  get url(): string {
    const url = new URL(this.#target);
    url.hostname = '127.0.0.1';
    url.port = String(this.#port);
    return url.href;
  }

  async open(): Promise<void> {
    const server = createServer((socket) => {
      const onward = connect(Number(this.#target.port), this.#target.hostname);
      for (const [from, to] of [
        [socket, onward],
        [onward, socket],
      ] as const) {
        this.#sockets.add(from);
        from.pipe(to);
        from.on('error', () => {});
        from.on('close', () => to.destroy());
      }
    });
    await new Promise<void>((resolve) => {
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async cut(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    await new Promise<unknown>((resolve) => {
      this.#server?.close(resolve);
    });
  }
}

describe.skipIf(postgresUrl === undefined)(`a server that goes away${postgresHint}`, () => {
  it('is named in an error without its password, and found again when it is back', async () => {
    const line = new Line(await newDatabase());
    await line.open();
    onTestFinished(() => line.cut());
    const storage = openStorage(line.url);
    const study = await createStudy({ storage, name: 'faults', seed: 5 });
    await study.optimize((trial) => trial.suggestFloat('x', 0, 1), { trials: 3 });
    const before = await storage.loadTrials('faults', 0);
    await line.cut();
    const said =
      /^postgresStorage\(\): a server that does what it is asked, got postgres:\/\/.*: (.*)\. Everything acknowledged before is kept; resume/;
    const message = await messageOf(study.optimize((trial) => trial.suggestFloat('x', 0, 1), { trials: 3 }));
    expect(said.exec(message)?.[1]).toMatch(/^connect ECONNREFUSED|^Connection terminated/);
    expect(said.exec(await messageOf(storage.listStudies()))?.[1]).toMatch(/^connect ECONNREFUSED/);
    await line.open();
    const again = await createStudy({ storage, name: 'faults', resume: true });
    expect(again.trials).toEqual(before);
    await again.optimize((trial) => trial.suggestFloat('x', 0, 1), { trials: 3 });
    const whole = await createStudy({ seed: 5 });
    await whole.optimize((trial) => trial.suggestFloat('x', 0, 1), { trials: 6 });
    expect(again.trials.map(({ value }) => value)).toEqual(whole.trials.map(({ value }) => value));
    await storage.close();
  });

  it('fails the call under way, and the next one connects anew', async () => {
    const url = await newDatabase();
    const storage = openStorage(url);
    await createStudy({ storage, name: 'faults' });
    await onServer(async (client) => {
      // Holds the study's row, so that the write waits.
      await client.query('BEGIN');
      await client.query('UPDATE nadir.study SET revision = revision');
      const writing = messageOf(storage.createTrial('faults', fresh));
      const terminated = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = '@nadir/tune' AND datname = current_database() AND wait_event_type = 'Lock'`;
      await onServer(async (admin) => {
        while ((await admin.query(terminated)).rowCount === 0) await sleep(5);
      }, url);
      expect(await writing).toContain('terminating connection due to administrator command');
      await client.query('ROLLBACK');
    }, url);
    expect((await storage.createTrial('faults', fresh)).number).toBe(0);
    await storage.close();
  });

  it('is not changed by a write that fails in the middle', async () => {
    const schema = newSchema();
    const storage = postgresStorage(postgresUrl as string, { schema });
    await createStudy({ storage, name: 'faults' });
    const trial = await storage.createTrial('faults', fresh);
    const ended = { ...trial, state: 'complete' } as const;
    const broken = { ...ended, state: 'nonsense' } as never;
    const before = [await storage.loadStudy('faults'), await storage.loadTrials('faults', 0)];
    await expect(storage.importTrials('faults', [ended, ended, broken])).rejects.toThrow(StorageError);
    expect([await storage.loadStudy('faults'), await storage.loadTrials('faults', 0)]).toEqual(before);
    await storage.close();
  });
});

describe.skipIf(postgresUrl === undefined)(`tables on a server${postgresHint}`, () => {
  it('are made once by many who come at the same time', async () => {
    const url = await newDatabase();
    const storages = Array.from({ length: 6 }, () => openStorage(url));
    await Promise.all(storages.map((storage) => storage.listStudies()));
    const versions = await onServer((client) => client.query('SELECT version FROM nadir.migration'), url);
    expect(versions.rows).toEqual([{ version: 1 }]);
    await Promise.all(storages.map((storage) => storage.close()));
  });

  it('of a newer version are left alone', async () => {
    const url = await newDatabase();
    const storage = openStorage(url);
    await storage.listStudies();
    await storage.close();
    await onServer((client) => client.query('INSERT INTO nadir.migration (version) VALUES (99)'), url);
    expect(await messageOf(openStorage(url).listStudies())).toMatch(
      /^postgresStorage\(\): tables of version 1 or older, got version 99 in postgres:.*Update @nadir\/tune/,
    );
  });

  it('are not made where they shall only be read', async () => {
    const url = await newDatabase();
    const storage = openStorage(url, { readOnly: true });
    expect(await messageOf(storage.listStudies())).toContain('a database with studies in it, got postgres:');
    await storage.close();
    const schemas = await onServer((client) => client.query(`SELECT to_regnamespace('nadir') AS name`), url);
    expect(schemas.rows).toEqual([{ name: null }]);
  });
});
