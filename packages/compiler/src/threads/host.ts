/** The few parts of Node that threads need: read from the global object, so that the package loads in browsers. */
interface NodeBuiltins {
  'node:os': { availableParallelism(): number };
  'node:worker_threads': {
    readonly Worker: new (
      source: string,
      options: {
        readonly eval: true;
        readonly name: string;
        readonly execArgv: readonly string[];
        readonly workerData: unknown;
        readonly transferList: readonly unknown[];
      },
    ) => NodeWorker;
    readonly MessageChannel: new () => { readonly port1: NodePort; readonly port2: NodePort };
  };
}

export interface NodePort {
  postMessage(message: unknown): void;
  unref(): void;
  close(): void;
}

interface NodeWorker {
  on(event: 'error', listener: (error: unknown) => void): void;
  unref(): void;
}

interface Host {
  readonly process?: {
    readonly env?: Readonly<Record<string, string | undefined>>;
    getBuiltinModule?<Name extends keyof NodeBuiltins>(name: Name): NodeBuiltins[Name] | undefined;
  };
  readonly navigator?: { readonly hardwareConcurrency?: number };
  readonly crossOriginIsolated?: boolean;
  readonly SharedArrayBuffer?: unknown;
}

const host: Host = globalThis as Host;

/** A module of Node, or undefined elsewhere. */
export function nodeModule<Name extends keyof NodeBuiltins>(name: Name): NodeBuiltins[Name] | undefined {
  return host.process?.getBuiltinModule?.(name);
}

/** A variable of the environment, where there is one. */
export function environment(name: string): string | undefined {
  return host.process?.env?.[name];
}

/** Processors that this process may use; 1 where nobody says. */
export function availableProcessors(): number {
  return nodeModule('node:os')?.availableParallelism() ?? host.navigator?.hardwareConcurrency ?? 1;
}

/** Whether memory can be shared with other threads: in browsers only where the page is cross-origin isolated. */
export function canShareMemory(): boolean {
  if (host.SharedArrayBuffer === undefined) return false;
  return nodeModule('node:worker_threads') !== undefined || host.crossOriginIsolated === true;
}

/** Whether this thread may sleep: the main thread of a page may not. */
export function mayWait(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
