import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { StaleTrialError, StorageError } from '../../errors.ts';
import type { StorageMethod, StorageResult } from '../../storage/storage-calls.ts';
import type { StudyStorage } from '../../storage/storage.ts';
import { MessageStream } from './message-stream.ts';
import { protocolVersion } from './owner-protocol.ts';
import type { ClientMessage, OwnerAddress, OwnerMessage } from './owner-protocol.ts';

/** The owner went away before it answered. */
export class OwnerLostError extends Error {
  /** True where the owner said that it had not begun. */
  readonly isUntouched: boolean;

  constructor(isUntouched: boolean) {
    super('The process that had the folder open went away.');
    this.isUntouched = isUntouched;
  }
}

interface PendingCall {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** Calls the storage of the process that owns a folder. Keeps this process alive only while a call is under way. */
export class OwnerClient {
  readonly #socket: Socket;
  readonly #stream: MessageStream;
  readonly #pending: Map<number, PendingCall> = new Map();
  #idle: (() => void) | undefined;
  #calls = 0;
  #saidGoodbye = false;
  #closing = false;

  private constructor(socket: Socket, greet: (message: { readonly welcome: number }) => void) {
    this.#socket = socket;
    this.#stream = new MessageStream(socket, (received) => {
      const message = received as OwnerMessage;
      if ('welcome' in message) greet(message);
      else this.#receive(message);
    });
    socket.on('close', () => this.#lose());
    socket.on('error', () => {});
  }

  /**
   * Connects to the owner at an address; undefined where nobody listens there, or nobody welcomes within `patience`
   * milliseconds. Throws a StorageError where the owner speaks another version.
   */
  static async connect(address: OwnerAddress, patience: number): Promise<OwnerClient | undefined> {
    if (address.version !== protocolVersion) {
      throw new StorageError(
        `pgliteStorage(): an owner that speaks version ${protocolVersion}, got ${address.version}. ` +
          'The process that has the folder open runs another version of @nadir/tune; close it there first.',
      );
    }
    const socket = createConnection(address.socket);
    return new Promise((resolve) => {
      const client = new OwnerClient(socket, () => {
        clearTimeout(timer);
        socket.unref();
        resolve(client);
      });
      const giveUp = (): void => {
        clearTimeout(timer);
        socket.destroy();
        resolve(undefined);
      };
      const timer = setTimeout(giveUp, patience);
      socket.once('close', giveUp);
      socket.once('connect', () => client.#send({ hello: address.key }));
    });
  }

  /** Whether the connection has ended. */
  get isLost(): boolean {
    return this.#socket.destroyed || this.#saidGoodbye;
  }

  /** Rejects with an {@link OwnerLostError} when the owner goes away. */
  async call<M extends StorageMethod>(
    method: M,
    args: Parameters<StudyStorage[M]>,
  ): Promise<StorageResult<M>> {
    if (this.isLost) throw new OwnerLostError(true);
    const id = (this.#calls += 1);
    return new Promise<StorageResult<M>>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#socket.ref();
      this.#send({ id, method, args });
    });
  }

  /** Waits for the calls under way, and ends the connection. */
  async close(): Promise<void> {
    if (this.#pending.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    if (this.#socket.destroyed) return;
    this.#closing = true;
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.ref();
      this.#socket.end();
    });
  }

  #send(message: ClientMessage): void {
    this.#stream.send(message);
  }

  #receive(message: Exclude<OwnerMessage, { readonly welcome: number }>): void {
    if ('bye' in message) {
      this.#saidGoodbye = true;
      this.#socket.end();
      this.#lose();
      return;
    }
    const call = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (this.#pending.size === 0) this.#rest();
    if (call === undefined) return;
    if ('error' in message) call.reject(errorOf(message.error));
    else call.resolve(message.result);
  }

  #rest(): void {
    // The owner's goodbye may cross with a close under way, which keeps the process alive to its end.
    if (!this.#closing) this.#socket.unref();
    this.#idle?.();
  }

  #lose(): void {
    const calls = [...this.#pending.values()];
    this.#pending.clear();
    for (const call of calls) call.reject(new OwnerLostError(this.#saidGoodbye));
    this.#rest();
  }
}

function errorOf({ name, message }: { readonly name: string; readonly message: string }): StorageError {
  return name === 'StaleTrialError' ? new StaleTrialError(message) : new StorageError(message);
}
