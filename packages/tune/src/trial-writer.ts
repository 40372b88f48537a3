import type { StudyStorage, TrialChange, TrialRef } from './storage/storage.ts';

/**
 * Writes a running trial's changes behind its back, so that an objective need not be asynchronous to suggest and
 * report: in order, one write at a time, what gathers meanwhile in one batch. The first failure stops the writer and
 * is thrown by `flush`.
 */
export class TrialWriter {
  readonly #storage: StudyStorage;
  readonly #ref: TrialRef;
  #waiting: TrialChange[] = [];
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(storage: StudyStorage, ref: TrialRef) {
    this.#storage = storage;
    this.#ref = ref;
  }

  write(change: TrialChange): void {
    this.#waiting.push(change);
    this.#running ??= this.#drain();
  }

  async flush(): Promise<void> {
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0 && this.#failure === undefined) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#storage.writeTrial(this.#ref, batch);
      } catch (error) {
        this.#failure = { error };
      }
    }
    this.#running = undefined;
  }
}
