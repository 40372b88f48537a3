import { constants } from 'node:os';

/** Turns Ctrl-C and SIGTERM into an abort signal; a second one ends the process at once. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #onInterrupt: () => void;
  #exitCode = 0;
  readonly #handle = (name: NodeJS.Signals): void => {
    const exitCode = 128 + constants.signals[name];
    if (this.#controller.signal.aborted) process.exit(exitCode);
    this.#exitCode = exitCode;
    this.#onInterrupt();
    this.#controller.abort(new Error(`stopped by ${name}`));
  };

  /** `onInterrupt` tells the user that the stop was heard. */
  constructor(onInterrupt: () => void = () => {}) {
    this.#onInterrupt = onInterrupt;
    process.on('SIGINT', this.#handle);
    process.on('SIGTERM', this.#handle);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 130 after Ctrl-C, 143 after SIGTERM, else 0. */
  get exitCode(): number {
    return this.#exitCode;
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#handle);
    process.off('SIGTERM', this.#handle);
  }
}
