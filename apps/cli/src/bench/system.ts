/** What is measured. */
export const systemNames = [
  'nadir-eager',
  'nadir-wasm',
  'nadir-native',
  'torch',
  'jax-js',
  'tfjs-wasm',
] as const;

/** One of {@link systemNames}. */
export type SystemName = (typeof systemNames)[number];

/** A system with so many threads. */
export interface Contestant {
  readonly system: SystemName;
  readonly threads: number;
}

/** What the runs of a workload on a system came to: a line of `nadir bench --json`. */
export interface Measurement extends Contestant {
  readonly workload: string;
  /** Milliseconds of as many steps as the workload's figure counts. */
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly runs: number;
  /** After as many steps as the workload says; of a single operation the mean square of its result. */
  readonly loss: number;
  /** What independent 128-bit multiply-adds reached on as many threads, measured between the runs. */
  readonly peakGflops: number;
  /** Milliseconds of the first step: tracing and compiling, where the system does. */
  readonly firstMs: number;
}

interface SystemTraits {
  readonly isPeer: boolean;
  /** Whether it can run on more than one thread in Node. */
  readonly isThreaded: boolean;
}

const traits: { readonly [S in SystemName]: SystemTraits } = {
  'nadir-eager': { isPeer: false, isThreaded: false },
  'nadir-wasm': { isPeer: false, isThreaded: true },
  'nadir-native': { isPeer: false, isThreaded: true },
  torch: { isPeer: true, isThreaded: true },
  'jax-js': { isPeer: true, isThreaded: false },
  'tfjs-wasm': { isPeer: true, isThreaded: false },
};

/** Whether a system is another library. */
export function isPeer(system: SystemName): boolean {
  return traits[system].isPeer;
}

/** Whether a system can run on more than one thread in Node. */
export function isThreaded(system: SystemName): boolean {
  return traits[system].isThreaded;
}
