import {
  constant,
  cosineDecay,
  cosineWithRestarts,
  exponentialDecay,
  inverseSqrt,
  join,
  linear,
  linearWarmup,
  multiStep,
  oneCycle,
  polynomialDecay,
  product,
  stepDecay,
  warmupStableDecay,
} from '@nadir/schedulers';
import type { BuiltInScheduleName, Schedule } from '@nadir/schedulers';

/** What the contract test holds a schedule to. */
export interface ScheduleContract {
  readonly schedules: readonly ScheduleRow[];
  /** Calls that must be refused, with the part of the message that names the option and the value. */
  readonly refused: readonly (readonly [make: () => Schedule, message: string])[];
}

interface ScheduleRow {
  readonly schedule: Schedule;
  readonly text: string;
  /** Known values: the step and the factor. */
  readonly values: readonly (readonly [step: number, factor: number])[];
  /** The step from which the factor no longer changes, for schedules that have an end. */
  readonly end?: number;
}

const half = (x: number): number => (1 + Math.cos(Math.PI * x)) / 2;

/** One entry for each built-in schedule; the type demands the entry of a new one. */
export const contracts: { readonly [N in BuiltInScheduleName]: ScheduleContract } = {
  constant: {
    schedules: [
      {
        schedule: constant(),
        text: 'constant({ factor: 1 })',
        values: [
          [0, 1],
          [1e9, 1],
        ],
        end: 0,
      },
      { schedule: constant({ factor: 0 }), text: 'constant({ factor: 0 })', values: [[3, 0]], end: 0 },
    ],
    refused: [
      [() => constant({ factor: -1 }), 'constant(): factor must be a non-negative finite number, got -1.'],
      [() => constant({ factor: Number.NaN }), 'got NaN'],
      [() => constant({ factor: '1' as never }), "got '1'"],
    ],
  },
  cosineDecay: {
    schedules: [
      {
        schedule: cosineDecay({ steps: 60 }),
        text: 'cosineDecay({ steps: 60, minFactor: 0 })',
        values: [
          [0, 1],
          [20, 0.75],
          [30, 0.5],
          [40, 0.25],
          [60, 0],
          [61, 0],
          [120, 0],
        ],
        end: 60,
      },
      {
        schedule: cosineDecay({ steps: 1, minFactor: 0.1 }),
        text: 'cosineDecay({ steps: 1, minFactor: 0.1 })',
        values: [
          [0, 1],
          [1, 0.1],
          [2, 0.1],
        ],
        end: 1,
      },
    ],
    refused: [
      [() => cosineDecay({ steps: 0 }), 'cosineDecay(): steps must be a positive integer, got 0.'],
      [() => cosineDecay({ steps: 1.5 }), 'got 1.5'],
      [() => cosineDecay({} as never), 'got undefined'],
      [
        () => cosineDecay({ steps: 5, minFactor: 1.1 }),
        'cosineDecay(): minFactor must be in [0, 1], got 1.1.',
      ],
    ],
  },
  cosineWithRestarts: {
    schedules: [
      {
        schedule: cosineWithRestarts({ period: 10, minFactor: 0.2 }),
        text: 'cosineWithRestarts({ period: 10, periodMultiplier: 1, minFactor: 0.2 })',
        values: [
          [0, 1],
          [5, 0.6],
          [9, 0.2 + 0.8 * half(0.9)],
          [10, 1],
          [15, 0.6],
          [1e6, 1],
        ],
      },
      {
        schedule: cosineWithRestarts({ period: 3, periodMultiplier: 3 }),
        text: 'cosineWithRestarts({ period: 3, periodMultiplier: 3, minFactor: 0 })',
        // Periods start at 0, 3, 12, 39, 120, …
        values: [
          [2, half(2 / 3)],
          [3, 1],
          [11, half(8 / 9)],
          [12, 1],
          [39, 1],
          [119, half(80 / 81)],
          [120, 1],
        ],
      },
    ],
    refused: [
      [() => cosineWithRestarts({ period: -3 }), 'period must be a positive integer, got -3.'],
      [() => cosineWithRestarts({ period: 3, periodMultiplier: 0.5 }), 'periodMultiplier must be'],
      [() => cosineWithRestarts({ period: 3, minFactor: -0.1 }), 'minFactor must be in [0, 1]'],
    ],
  },
  exponentialDecay: {
    schedules: [
      {
        schedule: exponentialDecay(),
        text: 'exponentialDecay({ gamma: 0.99, every: 1 })',
        values: [
          [0, 1],
          [1, 0.99],
          [2, 0.9801],
          [1e9, 0],
        ],
      },
      {
        schedule: exponentialDecay({ gamma: 0.25, every: 4 }),
        text: 'exponentialDecay({ gamma: 0.25, every: 4 })',
        values: [
          [2, 0.5],
          [4, 0.25],
          [8, 0.0625],
        ],
      },
    ],
    refused: [
      [() => exponentialDecay({ gamma: 1.5 }), 'exponentialDecay(): gamma must be in (0, 1], got 1.5.'],
      [() => exponentialDecay({ gamma: 0 }), 'got 0'],
      [() => exponentialDecay({ every: 0 }), 'every must be a positive finite number, got 0.'],
    ],
  },
  inverseSqrt: {
    schedules: [
      {
        schedule: inverseSqrt({ timescale: 100 }),
        text: 'inverseSqrt({ timescale: 100 })',
        values: [
          [0, 1],
          [100, Math.SQRT1_2],
          [300, 0.5],
          [9900, 0.1],
        ],
      },
    ],
    refused: [[() => inverseSqrt({ timescale: 0 }), 'timescale must be a positive finite number, got 0.']],
  },
  join: {
    schedules: [
      {
        schedule: join(
          [linearWarmup({ steps: 4, startFactor: 0 }), constant(), cosineDecay({ steps: 6 })],
          [4, 10],
        ),
        text: 'join([linearWarmup({ steps: 4, startFactor: 0 }), constant({ factor: 1 }), cosineDecay({ steps: 6, minFactor: 0 })], [4, 10])',
        values: [
          [0, 0],
          [1, 0.25],
          [4, 1],
          [9, 1],
          [10, 1],
          [13, 0.5],
          [16, 0],
          [17, 0],
        ],
        end: 16,
      },
      {
        schedule: join([stepDecay()], []),
        text: 'join([stepDecay({ gamma: 0.5, stepSize: 1 })], [])',
        values: [[2, 0.25]],
      },
    ],
    refused: [
      [() => join([], []), 'join(): at least one schedule is needed, got none.'],
      [() => join([constant()], [3]), 'boundaries must be one fewer than schedules, got 1 and 1.'],
      [() => join([constant(), constant(), constant()], [3, 3]), 'boundaries must increase, got [3, 3].'],
      [() => join([constant(), constant()], [-1]), 'boundaries[0] must be a non-negative integer, got -1.'],
    ],
  },
  linear: {
    schedules: [
      {
        schedule: linear({ steps: 4 }),
        text: 'linear({ steps: 4, startFactor: 1, endFactor: 0 })',
        values: [
          [0, 1],
          [1, 0.75],
          [4, 0],
          [5, 0],
        ],
        end: 4,
      },
      {
        schedule: linear({ steps: 10, startFactor: 0.5, endFactor: 2 }),
        text: 'linear({ steps: 10, startFactor: 0.5, endFactor: 2 })',
        values: [
          [0, 0.5],
          [2, 0.8],
          [10, 2],
        ],
        end: 10,
      },
    ],
    refused: [
      [() => linear({ steps: 0 }), 'linear(): steps must be a positive integer, got 0.'],
      [
        () => linear({ steps: 3, startFactor: -1 }),
        'startFactor must be a non-negative finite number, got -1.',
      ],
      [() => linear({ steps: 3, endFactor: Infinity }), 'endFactor must be'],
    ],
  },
  linearWarmup: {
    schedules: [
      {
        schedule: linearWarmup({ steps: 4 }),
        text: 'linearWarmup({ steps: 4, startFactor: 0.2 })',
        values: [
          [0, 0.2],
          [1, 0.4],
          [3, 0.8],
          [4, 1],
          [50, 1],
        ],
        end: 4,
      },
      {
        schedule: linearWarmup({ steps: 2, startFactor: 0 }),
        text: 'linearWarmup({ steps: 2, startFactor: 0 })',
        values: [
          [0, 0],
          [1, 0.5],
          [2, 1],
        ],
        end: 2,
      },
    ],
    refused: [
      [() => linearWarmup({ steps: -1 }), 'linearWarmup(): steps must be a positive integer, got -1.'],
      [() => linearWarmup({ steps: 3, startFactor: 1.2 }), 'startFactor must be in [0, 1], got 1.2.'],
    ],
  },
  multiStep: {
    schedules: [
      {
        schedule: multiStep({ milestones: [0, 5, 9], gamma: 0.5 }),
        text: 'multiStep({ milestones: [0, 5, 9], gamma: 0.5 })',
        values: [
          [0, 0.5],
          [4, 0.5],
          [5, 0.25],
          [8, 0.25],
          [9, 0.125],
        ],
        end: 9,
      },
      {
        schedule: multiStep({ milestones: [] }),
        text: 'multiStep({ milestones: [], gamma: 0.1 })',
        values: [[7, 1]],
        end: 0,
      },
    ],
    refused: [
      [() => multiStep({ milestones: [5, 5] }), 'milestones must increase, got [5, 5].'],
      [() => multiStep({ milestones: [1.5] }), 'milestones[0] must be a non-negative integer, got 1.5.'],
      [() => multiStep({ milestones: [1], gamma: 0 }), 'gamma must be a positive finite number, got 0.'],
    ],
  },
  oneCycle: {
    schedules: [
      {
        schedule: oneCycle({ steps: 100 }),
        text: "oneCycle({ steps: 100, riseFraction: 0.3, divFactor: 25, finalDivFactor: 10000, anneal: 'cosine', threePhase: false })",
        values: [
          [0, 0.04],
          [14.5, 0.52],
          [29, 1],
          [64, 0.500002],
          [99, 4e-6],
          [100, 4e-6],
          [101, 4e-6],
        ],
        end: 99,
      },
      {
        schedule: oneCycle({
          steps: 10,
          riseFraction: 0.1,
          anneal: 'linear',
          divFactor: 4,
          finalDivFactor: 1,
        }),
        text: "oneCycle({ steps: 10, riseFraction: 0.1, divFactor: 4, finalDivFactor: 1, anneal: 'linear', threePhase: false })",
        // A rise of one step, where torch divides by zero.
        values: [
          [0, 1],
          [3, 0.75],
          [9, 0.25],
        ],
        end: 9,
      },
      {
        schedule: oneCycle({
          steps: 100,
          threePhase: true,
          anneal: 'linear',
          divFactor: 10,
          finalDivFactor: 10,
        }),
        text: "oneCycle({ steps: 100, riseFraction: 0.3, divFactor: 10, finalDivFactor: 10, anneal: 'linear', threePhase: true })",
        values: [
          [0, 0.1],
          [29, 1],
          [58, 0.1],
          [99, 0.01],
        ],
        end: 99,
      },
      {
        schedule: oneCycle({ steps: 1 }),
        text: "oneCycle({ steps: 1, riseFraction: 0.3, divFactor: 25, finalDivFactor: 10000, anneal: 'cosine', threePhase: false })",
        values: [
          [0, 4e-6],
          [1, 4e-6],
        ],
        end: 0,
      },
    ],
    refused: [
      [() => oneCycle({ steps: 0 }), 'oneCycle(): steps must be a positive integer, got 0.'],
      [() => oneCycle({ steps: 9, riseFraction: 2 }), 'riseFraction must be in [0, 1], got 2.'],
      [() => oneCycle({ steps: 9, divFactor: 0 }), 'divFactor must be'],
      [() => oneCycle({ steps: 9, finalDivFactor: -1 }), 'finalDivFactor must be'],
      [
        () => oneCycle({ steps: 9, anneal: 'cos' as never }),
        "anneal must be one of 'cosine', 'linear', got 'cos'.",
      ],
    ],
  },
  polynomialDecay: {
    schedules: [
      {
        schedule: polynomialDecay({ steps: 10, power: 2, endFactor: 0.2 }),
        text: 'polynomialDecay({ steps: 10, power: 2, endFactor: 0.2 })',
        values: [
          [0, 1],
          [5, 0.4],
          [10, 0.2],
          [11, 0.2],
        ],
        end: 10,
      },
    ],
    refused: [
      [() => polynomialDecay({ steps: 0 }), 'steps must be a positive integer, got 0.'],
      [() => polynomialDecay({ steps: 5, power: 0 }), 'power must be a positive finite number, got 0.'],
      [() => polynomialDecay({ steps: 5, endFactor: 2 }), 'endFactor must be in [0, 1], got 2.'],
    ],
  },
  product: {
    schedules: [
      {
        schedule: product([constant({ factor: 0.5 }), linear({ steps: 4 })]),
        text: 'product([constant({ factor: 0.5 }), linear({ steps: 4, startFactor: 1, endFactor: 0 })])',
        values: [
          [0, 0.5],
          [1, 0.375],
          [4, 0],
        ],
        end: 4,
      },
    ],
    refused: [[() => product([]), 'product(): at least one schedule is needed, got none.']],
  },
  stepDecay: {
    schedules: [
      {
        schedule: stepDecay(),
        text: 'stepDecay({ gamma: 0.5, stepSize: 1 })',
        values: [
          [0, 1],
          [1, 0.5],
          [3, 0.125],
          [1e9, 0],
        ],
      },
      {
        schedule: stepDecay({ gamma: 0.1, stepSize: 30 }),
        text: 'stepDecay({ gamma: 0.1, stepSize: 30 })',
        values: [
          [29, 1],
          [30, 0.1],
          [59, 0.1],
          [60, 0.01],
        ],
      },
    ],
    refused: [
      [() => stepDecay({ gamma: -0.5 }), 'stepDecay(): gamma must be in (0, 1], got -0.5.'],
      [() => stepDecay({ stepSize: 0 }), 'stepSize must be a positive integer, got 0.'],
    ],
  },
  warmupStableDecay: {
    schedules: [
      {
        schedule: warmupStableDecay({ warmupSteps: 4, stableSteps: 6, decaySteps: 10, minFactor: 0.1 }),
        text: "warmupStableDecay({ warmupSteps: 4, stableSteps: 6, decaySteps: 10, minFactor: 0.1, decay: 'linear' })",
        values: [
          [0, 0.2],
          [3, 0.8],
          [4, 1],
          [10, 1],
          [15, 0.55],
          [20, 0.1],
          [21, 0.1],
        ],
        end: 20,
      },
      {
        schedule: warmupStableDecay({ warmupSteps: 0, stableSteps: 0, decaySteps: 4, decay: '1-sqrt' }),
        text: "warmupStableDecay({ warmupSteps: 0, stableSteps: 0, decaySteps: 4, minFactor: 0, decay: '1-sqrt' })",
        values: [
          [0, 1],
          [1, 0.5],
          [4, 0],
        ],
        end: 4,
      },
      {
        schedule: warmupStableDecay({ warmupSteps: 1, stableSteps: 1, decaySteps: 8, decay: 'cosine' }),
        text: "warmupStableDecay({ warmupSteps: 1, stableSteps: 1, decaySteps: 8, minFactor: 0, decay: 'cosine' })",
        values: [
          [0, 0.5],
          [2, 1],
          [6, 0.5],
          [10, 0],
        ],
        end: 10,
      },
    ],
    refused: [
      [
        () => warmupStableDecay({ warmupSteps: -1, stableSteps: 1, decaySteps: 1 }),
        'warmupSteps must be a non-negative integer',
      ],
      [() => warmupStableDecay({ warmupSteps: 1, stableSteps: 0.5, decaySteps: 1 }), 'stableSteps must be'],
      [
        () => warmupStableDecay({ warmupSteps: 1, stableSteps: 1, decaySteps: 0 }),
        'decaySteps must be a positive integer',
      ],
      [
        () => warmupStableDecay({ warmupSteps: 1, stableSteps: 1, decaySteps: 1, minFactor: 7 }),
        'minFactor must be',
      ],
      [
        () => warmupStableDecay({ warmupSteps: 1, stableSteps: 1, decaySteps: 1, decay: 'sqrt' as never }),
        'decay must be one of',
      ],
    ],
  },
};
