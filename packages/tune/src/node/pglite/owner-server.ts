import { randomUUID } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encodeJson } from '../../json.ts';
import { callStorage, storageEffects } from '../../storage/storage-calls.ts';
import type { StorageMethod } from '../../storage/storage-calls.ts';
import type { StudyStorage } from '../../storage/storage.ts';
import { MessageStream } from './message-stream.ts';
import { protocolVersion } from './owner-protocol.ts';
import type { CallMessage, ClientMessage, OwnerAddress, OwnerMessage } from './owner-protocol.ts';

/** Addresses of sockets end after this many bytes, on the system that allows fewest. */
const LONGEST_SOCKET_PATH = 103;

/** Lets other processes call the storage of this one. Keeps no process alive. */
export class OwnerServer {
  readonly #storage: StudyStorage;
  readonly #address: string;
  readonly #server: Server;
  readonly #key: string = randomUUID();
  readonly #clients: Set<ClientConnection> = new Set();
  #socketFolder: string | undefined;

  private constructor(storage: StudyStorage, address: string) {
    this.#storage = storage;
    this.#address = address;
    this.#server = createServer((socket) => this.#welcome(socket));
    this.#server.unref();
  }

  /** Listens, and leaves the address for those who find the lock of this `token`. */
  static async open(storage: StudyStorage, address: string, token: string): Promise<OwnerServer> {
    const server = new OwnerServer(storage, address);
    const socket = await server.#placeSocket();
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject);
      server.#server.listen(socket, resolve);
    });
    server.#server.on('error', () => {});
    const text = encodeJson({
      version: protocolVersion,
      token,
      socket,
      key: server.#key,
    } satisfies OwnerAddress);
    // Renamed into its place, so that nobody reads half of it.
    const draft = `${address}.${token}`;
    await writeFile(draft, text, { mode: 0o600 });
    await rename(draft, address);
    return server;
  }

  /** Answers what is under way, says goodbye, and takes the address away. */
  async close(): Promise<void> {
    this.#server.close();
    await Promise.all([...this.#clients].map((client) => client.close()));
    await rm(this.#address, { force: true });
    if (this.#socketFolder !== undefined) await rm(this.#socketFolder, { recursive: true, force: true });
  }

  async #placeSocket(): Promise<string> {
    if (process.platform === 'win32') return `\\\\.\\pipe\\nadir-${randomUUID()}`;
    const beside = join(dirname(this.#address), 'owner.sock');
    if (Buffer.byteLength(beside) <= LONGEST_SOCKET_PATH) {
      // Of an earlier owner, which was killed: the lock is ours.
      await rm(beside, { force: true });
      return beside;
    }
    this.#socketFolder = await mkdtemp(join(tmpdir(), 'nadir-'));
    return join(this.#socketFolder, 'owner.sock');
  }

  #welcome(socket: Socket): void {
    socket.unref();
    const client = new ClientConnection(socket, this.#key, (call) =>
      callStorage(this.#storage, call.method, call.args as never),
    );
    this.#clients.add(client);
    socket.on('close', () => this.#clients.delete(client));
  }
}

class ClientConnection {
  readonly #socket: Socket;
  readonly #stream: MessageStream;
  readonly #key: string;
  readonly #perform: (call: CallMessage) => Promise<unknown>;
  readonly #running: Set<Promise<void>> = new Set();
  #known = false;
  #closing = false;

  constructor(socket: Socket, key: string, perform: (call: CallMessage) => Promise<unknown>) {
    this.#socket = socket;
    this.#key = key;
    this.#perform = perform;
    // A client that is gone needs no answer.
    socket.on('error', () => {});
    this.#stream = new MessageStream(socket, (message) => this.#receive(message as ClientMessage));
  }

  async close(): Promise<void> {
    // What arrives from now on is not carried out, and goodbye tells the client so.
    this.#closing = true;
    await Promise.all(this.#running);
    if (this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      // The client ends its side too; one that does not is not waited for. Meanwhile the process stays alive: were it
      // to end here, the lock would be left behind.
      this.#socket.ref();
      const patience = setTimeout(() => this.#socket.destroy(), 1000);
      this.#socket.once('close', () => {
        clearTimeout(patience);
        resolve();
      });
      this.#send({ bye: true });
      this.#socket.end();
    });
  }

  #receive(message: ClientMessage): void {
    if (this.#closing) return;
    if ('hello' in message) {
      this.#known = message.hello === this.#key;
      if (this.#known) this.#send({ welcome: protocolVersion });
      else this.#socket.destroy();
      return;
    }
    if (!this.#known || !isMethod(message.method)) {
      this.#socket.destroy();
      return;
    }
    const work = this.#answer(message).finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  async #answer(call: CallMessage): Promise<void> {
    const { id } = call;
    try {
      this.#send({ id, result: await this.#perform(call) });
    } catch (error) {
      const { name, message } = error as Error;
      this.#send({ id, error: { name, message } });
    }
  }

  #send(message: OwnerMessage): void {
    if (!this.#socket.destroyed) this.#stream.send(message);
  }
}

function isMethod(name: string): name is StorageMethod {
  return Object.hasOwn(storageEffects, name);
}
