import { readFileSync } from 'node:fs';
import type { Direction, Params } from '@nadir/tune';
import { decodeJson } from '../src/json.ts';

/** Trials that ran side by side: what they reported, and whether each was to be pruned then. */
export interface Race {
  readonly pruner: 'successive-halving' | 'threshold' | 'patient' | 'wilcoxon';
  readonly direction: Direction;
  readonly options: Readonly<Record<string, number | string | boolean>>;
  readonly events: readonly (
    | readonly ['report', trial: number, step: number, value: number, prune: boolean]
    | readonly ['prune', trial: number]
    | readonly ['complete', trial: number, value: number]
  )[];
}

export interface OptunaFixture {
  readonly optuna: string;
  readonly units: readonly number[];
  readonly distributions: readonly {
    readonly type: 'float' | 'int';
    readonly low: number;
    readonly high: number;
    readonly log: boolean;
    readonly step: number | null;
    readonly adjustedHigh: number;
    readonly values: readonly number[];
    readonly contains: readonly (readonly [number, boolean])[];
  }[];
  readonly parzen: readonly {
    readonly trials: readonly Params[];
    readonly split: number;
    readonly points: readonly Params[];
    readonly scores: readonly number[];
  }[];
  readonly races: readonly Race[];
  /** Most steps, reduction factor, and how many trials go to each bracket of Hyperband. */
  readonly brackets: readonly (readonly [number, number, readonly number[]])[];
  readonly pruners: readonly {
    readonly direction: 'minimize' | 'maximize';
    readonly pruner: 'median' | 'percentile';
    readonly percentile: number;
    readonly options: {
      readonly startupTrials: number;
      readonly warmupSteps: number;
      readonly intervalSteps: number;
      readonly minTrials: number;
    };
    readonly others: readonly {
      readonly state: 'complete' | 'pruned' | 'failed';
      readonly reports: readonly (readonly [number, number])[];
    }[];
    readonly decisions: readonly (readonly [number, number, boolean])[];
  }[];
}

/** What Optuna made of ranges and reports: see fixtures/optuna_fixture.py. */
export const optunaFixture: OptunaFixture = decodeJson(
  readFileSync(new URL('fixtures/optuna.json', import.meta.url), 'utf8'),
) as OptunaFixture;
