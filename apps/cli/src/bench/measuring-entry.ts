// The entry of a measuring process: serves one system with so many threads to the process that started it.
import { readFileSync } from 'node:fs';
import { createPeak } from '@nadir/wasm';
import { median } from '../statistics.ts';
import { nadirSystem } from './nadir-system.ts';
import { serve, type System } from './subject.ts';

function nadirVersion(): string {
  const path = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version;
}

/** The ceiling of a thread in GFLOP/s, whatever the workload. A step is some 4 ms. */
function peakSystem(): System {
  const peak = createPeak();
  let rates: number[] = [];
  return {
    version: '',
    open: () => ({
      run(steps) {
        rates = Array.from({ length: steps }, peak);
      },
      value: () => median(rates),
      close() {},
    }),
  };
}

const [system, threads] = process.argv.slice(2);
await serve(async () => {
  switch (system) {
    case 'nadir-eager':
      return nadirSystem(false, 1, nadirVersion());
    case 'nadir-wasm':
      return nadirSystem(true, Number(threads), nadirVersion());
    case 'nadir-native':
      throw new Error('this version of nadir has no native executor.');
    case 'jax-js':
      return (await import('./peers/jax-js-system.ts')).jaxJsSystem();
    case 'tfjs-wasm':
      return (await import('./peers/tfjs-wasm-system.ts')).tfjsWasmSystem();
    case 'peak':
      return peakSystem();
    default:
      throw new Error(`There is no system '${system}'.`);
  }
});
