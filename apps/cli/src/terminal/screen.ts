import { createLogUpdate } from 'log-update';

/** Milliseconds between two frames. */
const frameInterval = 100;

/** Where a command writes: lines that stay, and on a terminal a live part below them that is drawn again and again. */
export interface Screen {
  /** Whether there is a live part. */
  readonly isLive: boolean;
  readonly width: number;
  /** Writes a line that stays. */
  print(line?: string): void;
  /** Replaces the live part; nothing where there is none. */
  draw(frame: () => string): void;
  /** Removes the live part. */
  done(): void;
}

/** The screen of a stream: live where it is a terminal that can move its cursor. */
export function createScreen(stream: NodeJS.WriteStream = process.stdout): Screen {
  const isLive = stream.isTTY && process.env['TERM'] !== 'dumb' && process.env['CI'] === undefined;
  return isLive ? new LiveScreen(stream) : new PlainScreen(stream);
}

class PlainScreen implements Screen {
  readonly isLive = false;
  readonly width = 100;
  readonly #stream: NodeJS.WritableStream;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  print(line = ''): void {
    this.#stream.write(`${line}\n`);
  }

  draw(): void {}

  done(): void {}
}

class LiveScreen implements Screen {
  readonly isLive = true;
  readonly #stream: NodeJS.WriteStream;
  readonly #update: ReturnType<typeof createLogUpdate>;
  #frame: (() => string) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#update = createLogUpdate(stream);
  }

  get width(): number {
    return Math.min(this.#stream.columns ?? 80, 120);
  }

  print(line = ''): void {
    this.#update.clear();
    this.#stream.write(`${line}\n`);
    this.#refresh();
  }

  draw(frame: () => string): void {
    this.#frame = frame;
    this.#timer ??= setInterval(() => this.#refresh(), frameInterval);
  }

  done(): void {
    clearInterval(this.#timer);
    this.#timer = this.#frame = undefined;
    this.#update.clear();
    this.#update.done();
  }

  #refresh(): void {
    if (this.#frame !== undefined) this.#update(this.#frame());
  }
}
