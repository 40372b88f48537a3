import { widthOf } from './table.ts';

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

const hideCursor = '\u001B[?25l';
const showCursor = '\u001B[?25h';
/** Terminals that know these two show what is between them at once; others ignore them. */
const beginFrame = '\u001B[?2026h';
const endFrame = '\u001B[?2026l';
const eraseDown = '\u001B[0J';

/** The live part is erased as a whole and drawn anew: cheap at ten frames a second, and right whatever has changed. */
class LiveScreen implements Screen {
  readonly isLive = true;
  readonly #stream: NodeJS.WriteStream;
  #frame: (() => string) | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Rows that the live part takes; the cursor stands at the beginning of the row below it. */
  #rows = 0;
  readonly #restore = (): void => {
    this.#stream.write(showCursor);
  };

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  get width(): number {
    return Math.min(this.#columns, 120);
  }

  get #columns(): number {
    return this.#stream.columns || 80;
  }

  print(line = ''): void {
    this.#write(`${line}\n`);
  }

  draw(frame: () => string): void {
    this.#frame = frame;
    if (this.#timer !== undefined) return;
    this.#stream.write(hideCursor);
    process.once('exit', this.#restore);
    this.#timer = setInterval(() => this.#write(''), frameInterval);
  }

  done(): void {
    this.#frame = undefined;
    this.#write('');
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    process.off('exit', this.#restore);
    this.#restore();
  }

  /** Puts lines that stay in the place of the live part, and the live part below them. */
  #write(lines: string): void {
    const erase = this.#rows === 0 ? '' : `\u001B[${this.#rows}A\r${eraseDown}`;
    // A live part higher than the screen could not be erased: its top rows would have scrolled away.
    const frame =
      this.#frame?.()
        .split('\n')
        .slice(-Math.max(1, (this.#stream.rows || 24) - 1)) ?? [];
    this.#rows = frame.reduce(
      (rows, line) => rows + Math.max(1, Math.ceil(widthOf(line) / this.#columns)),
      0,
    );
    const text = frame.map((line) => `${line}\n`).join('');
    if (erase !== '' || lines !== '' || text !== '') {
      this.#stream.write(beginFrame + erase + lines + text + endFrame);
    }
  }
}
