import type { Tensor } from '@nadir/tensor';
import * as optimizers from '../src/index.ts';
import {
  Adagrad,
  Adam,
  AdamW,
  RMSprop,
  SGD,
  type Optimizer,
  type OptimizerOptions,
  type ParametersOf,
} from '../src/index.ts';

type Exports = typeof optimizers;

/** The names of the classes that can be constructed: an export without a row in the table is a type error. */
export type OptimizerName = {
  [K in keyof Exports]: Exports[K] extends new (...args: never[]) => Optimizer<OptimizerOptions, never>
    ? K
    : never;
}[keyof Exports];

/** How the contract is run on an optimizer. */
export interface ContractRow {
  readonly make: (
    params: ParametersOf<OptimizerOptions>,
    options?: OptimizerOptions,
  ) => Optimizer<OptimizerOptions>;
  /** The options that the row is about, for its title. */
  readonly title: string;
  /** Learning rates with which 300 steps get far down a quadratic, and 4,000 down Rosenbrock's valley. */
  readonly quadraticLr: number;
  readonly valleyLr: number;
  /** Names of the slots of a parameter. */
  readonly slots: readonly string[];
  /** Whether a gradient of zero, after no other, leaves the parameter where it is. */
  readonly restsAtZero: boolean;
}

type Make<Options> = new (params: ParametersOf<Options>, options?: Options) => Optimizer<OptimizerOptions>;

function row<Options extends OptimizerOptions>(
  make: Make<Options>,
  options: Options,
  rest: Omit<ContractRow, 'make' | 'title'>,
): ContractRow {
  return {
    ...rest,
    title: JSON.stringify(options),
    make: (params, more = {}) => new make(params as ParametersOf<Options>, { ...options, ...more }),
  };
}

const adam = ['step', 'firstMoment', 'secondMoment'];

/** Every optimizer with the options that change what it does. */
export const contract: { readonly [N in OptimizerName]: readonly ContractRow[] } = {
  SGD: [
    row(SGD, {}, { quadraticLr: 0.1, valleyLr: 1e-3, slots: [], restsAtZero: true }),
    row(
      SGD,
      { momentum: 0.9 },
      { quadraticLr: 0.02, valleyLr: 5e-4, slots: ['momentumBuffer'], restsAtZero: true },
    ),
    row(
      SGD,
      { momentum: 0.9, nesterov: true, weightDecay: 1e-4 },
      { quadraticLr: 0.02, valleyLr: 5e-4, slots: ['momentumBuffer'], restsAtZero: false },
    ),
    row(
      SGD,
      { momentum: 0.9, dampening: 0.5 },
      { quadraticLr: 0.04, valleyLr: 1e-3, slots: ['momentumBuffer', 'momentumStep'], restsAtZero: true },
    ),
  ],
  Adam: [
    row(Adam, {}, { quadraticLr: 0.1, valleyLr: 0.02, slots: adam, restsAtZero: true }),
    row(
      Adam,
      { amsgrad: true, weightDecay: 1e-4 },
      { quadraticLr: 0.1, valleyLr: 0.02, slots: [...adam, 'greatestSecondMoment'], restsAtZero: false },
    ),
  ],
  AdamW: [
    row(AdamW, { weightDecay: 1e-4 }, { quadraticLr: 0.1, valleyLr: 0.02, slots: adam, restsAtZero: false }),
    row(AdamW, { weightDecay: 0 }, { quadraticLr: 0.1, valleyLr: 0.02, slots: adam, restsAtZero: true }),
  ],
  RMSprop: [
    row(RMSprop, {}, { quadraticLr: 0.02, valleyLr: 2e-3, slots: ['meanSquare'], restsAtZero: true }),
    row(
      RMSprop,
      { centered: true, momentum: 0.5, weightDecay: 1e-4 },
      {
        quadraticLr: 0.01,
        valleyLr: 1e-3,
        slots: ['meanSquare', 'mean', 'momentumBuffer'],
        restsAtZero: false,
      },
    ),
  ],
  Adagrad: [
    row(Adagrad, {}, { quadraticLr: 1, valleyLr: 0.5, slots: ['sumOfSquares'], restsAtZero: true }),
    row(
      Adagrad,
      { lrDecay: 1e-4, weightDecay: 1e-4 },
      { quadraticLr: 1, valleyLr: 0.5, slots: ['sumOfSquares', 'step'], restsAtZero: false },
    ),
  ],
};

/** Names of the classes that this package exports, found at run time. */
export function exportedOptimizers(): string[] {
  return Object.entries(optimizers)
    .filter(([, value]) => typeof value === 'function' && value.prototype instanceof optimizers.Optimizer)
    .map(([name]) => name);
}

/** (1 − x)² + 100·(y − x²)², a curved valley with its lowest point at [1, 1] (Rosenbrock 1960). */
export function rosenbrock(w: Tensor): Tensor {
  const [x, y] = [w.at(0), w.at(1)];
  return x.sub(1).square().add(y.sub(x.square()).square().mul(100));
}
