/** Who may import whom: the table of CONTRIBUTING as data. A package without a row may not exist. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  random: [],
  schedulers: [],
  wasm: [],
  tensor: ['wasm', 'random'],
  autograd: ['tensor'],
  nn: ['tensor', 'autograd'],
  optimizers: ['tensor', 'autograd', 'schedulers'],
  data: ['tensor', 'random'],
  train: ['random', 'schedulers', 'wasm', 'tensor', 'autograd', 'compiler', 'nn', 'optimizers', 'data'],
  // Its tests and benchmarks compile whole training steps; its dependencies, and so its source, are tensor and wasm.
  compiler: ['tensor', 'wasm', 'random', 'autograd', 'nn', 'optimizers'],
  tune: ['random'],
  cli: [
    'random',
    'schedulers',
    'wasm',
    'tensor',
    'autograd',
    'compiler',
    'nn',
    'optimizers',
    'data',
    'train',
    'tune',
  ],
};

/** These run in browsers: no `node:` import but in the file behind a `./node` entry point. */
export const browserPackages: ReadonlySet<string> = new Set([
  'random',
  'schedulers',
  'wasm',
  'tensor',
  'autograd',
  'nn',
  'optimizers',
  'compiler',
]);
