import type { Socket } from 'node:net';
import { decodeJson, encodeJson } from '../../json.ts';

/** Sends and receives JSON values over a socket, one a line. */
export class MessageStream {
  readonly #socket: Socket;
  #parts: string[] = [];

  constructor(socket: Socket, receive: (message: unknown) => void) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const lines = text.split('\n');
      const rest = lines.pop() as string;
      for (const line of lines) {
        this.#parts.push(line);
        const whole = this.#parts.join('');
        this.#parts = [];
        const message = readMessage(whole);
        if (message === undefined) socket.destroy(new Error(`a line of JSON, got ${whole.slice(0, 60)}`));
        else receive(message);
      }
      if (rest !== '') this.#parts.push(rest);
    });
  }

  send(message: unknown): void {
    this.#socket.write(`${encodeJson(message)}\n`);
  }
}

function readMessage(line: string): unknown {
  try {
    return decodeJson(line);
  } catch {
    return undefined;
  }
}
