import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A trial that a worker said was stored. */
export interface ToldTrial {
  readonly number: number;
  readonly attempt: number;
  readonly value: number;
}

/** A process that runs one of the scripts among the fixtures. */
export class WorkerProcess {
  readonly told: ToldTrial[] = [];
  /** `<name> <message>` of errors that ended it. */
  readonly errors: string[] = [];
  readonly #child: ChildProcess;
  readonly #heard: Map<string, () => void> = new Map();
  readonly #ended: Promise<void>;
  #text = '';
  #stderr = '';

  constructor(script: string, ...args: readonly string[]) {
    const path = fileURLToPath(new URL(`../fixtures/${script}`, import.meta.url));
    this.#child = spawn(process.execPath, ['--conditions=@nadir/source', path, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#ended = new Promise((resolve) => {
      this.#child.on('close', () => resolve());
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Fulfils when the worker has said this word; rejects if it ends before. */
  async hears(word: string): Promise<void> {
    const heard = new Promise<void>((resolve) => {
      this.#heard.set(word, resolve);
    });
    if (this.#text.split('\n').some((line) => line.startsWith(word))) return;
    await Promise.race([
      heard,
      this.#ended.then(() => {
        throw new Error(`a worker that says ${word}, got ${this.#text}${this.#stderr}`);
      }),
    ]);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Fulfils with what it wrote to standard error. */
  async end(): Promise<string> {
    await this.#ended;
    return this.#stderr;
  }

  #read(text: string): void {
    const before = this.#text.lastIndexOf('\n') + 1;
    this.#text += text;
    for (const line of this.#text.slice(before).split('\n').slice(0, -1)) {
      const [word = '', ...rest] = line.split(' ');
      if (word === 'told') {
        const [number, attempt, value] = rest.map(Number) as [number, number, number];
        this.told.push({ number, attempt, value });
      }
      if (word === 'error') this.errors.push(rest.join(' '));
      this.#heard.get(word)?.();
    }
  }
}
