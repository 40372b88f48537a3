import { features } from '@nadir/wasm';
import { chooseExecutor } from './executor-choice.ts';

/** What the bits of a result depend on beside the program and its seed. */
export interface Environment {
  /** What ran the steps. */
  readonly executor: string;
  /** Node and its version, or the browser. */
  readonly runtime: string;
  /** What the engine and the processor have, by the names of `features()` of `@nadir/wasm`. */
  readonly features: readonly string[];
}

/** The environment that this process computes in. `executor` is the name of what runs the steps; default: as a Trainer's. */
export function currentEnvironment(executor: string = chooseExecutor().name): Environment {
  const node = (globalThis as { readonly process?: { readonly versions?: { readonly node?: string } } })
    .process?.versions?.node;
  const agent = (globalThis as { readonly navigator?: { readonly userAgent?: string } }).navigator?.userAgent;
  const used = Object.entries(features()).filter(([, present]) => present);
  return {
    executor,
    runtime: node === undefined ? (agent ?? 'unknown') : `Node ${node}`,
    features: used.map(([name]) => name).sort(),
  };
}

/** What differs between two environments, one sentence each; a run that is resumed may then differ in its last bits. */
export function environmentChanges(before: Environment, now: Environment): string[] {
  const changes: string[] = [];
  const note = (what: string, from: string, to: string): void => {
    if (from !== to) changes.push(`${what} was ${from} and is now ${to}.`);
  };
  note('The executor', before.executor, now.executor);
  note('The runtime', before.runtime, now.runtime);
  const lost = before.features.filter((name) => !now.features.includes(name));
  const gained = now.features.filter((name) => !before.features.includes(name));
  if (lost.length > 0) changes.push(`WebAssembly had ${lost.join(', ')} and now has not.`);
  if (gained.length > 0) changes.push(`WebAssembly now has ${gained.join(', ')}.`);
  return changes;
}
