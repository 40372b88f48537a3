import { readFileSync } from 'node:fs';
import {
  ChainedScheduler,
  ConstantLR,
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  CyclicLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  LRScheduler,
  MultiplicativeLR,
  MultiStepLR,
  OneCycleLR,
  PolynomialLR,
  ReduceLROnPlateau,
  SequentialLR,
  StepLR,
} from '@nadir/schedulers';
import type { MomentumGroup, ScheduledOptimizer } from '@nadir/schedulers';

/** Every torch-shaped scheduler. A new one has no case in the fixture until it is named here. */
export type SchedulerName =
  | 'ChainedScheduler'
  | 'ConstantLR'
  | 'CosineAnnealingLR'
  | 'CosineAnnealingWarmRestarts'
  | 'CyclicLR'
  | 'ExponentialLR'
  | 'LambdaLR'
  | 'LinearLR'
  | 'MultiplicativeLR'
  | 'MultiStepLR'
  | 'OneCycleLR'
  | 'PolynomialLR'
  | 'ReduceLROnPlateau'
  | 'SequentialLR'
  | 'StepLR';

interface PartCase {
  readonly class: SchedulerName;
  readonly options: Record<string, unknown>;
}

/** One run of a scheduler in torch; see fixtures/torch-schedulers.py. */
export interface SchedulerCase extends PartCase {
  readonly lrs: readonly number[];
  readonly optimizer?: 'adam';
  readonly momentum?: number;
  /** One metric for each epoch; null is NaN. */
  readonly metrics?: readonly (number | null)[];
  /** Learning rates of the groups at epochs 0, 1, … */
  readonly expected: readonly (readonly number[])[];
  readonly expectedMomentum?: readonly (readonly number[])[];
}

export type AnyScheduler = LRScheduler | ReduceLROnPlateau;
type Optimizer = ScheduledOptimizer<MomentumGroup>;

export const schedulerCases: readonly SchedulerCase[] = JSON.parse(
  readFileSync(new URL('../fixtures/torch-schedulers.json', import.meta.url), 'utf8'),
).cases;

const lambdas: Record<string, (epoch: number) => number> = {
  decay: (epoch) => 0.95 ** epoch,
  inverse: (epoch) => 1 / (1 + 0.1 * epoch),
  third: (epoch) => (epoch % 3 === 0 ? 0.8 : 1),
};

const namedLambdas = (value: unknown): ((epoch: number) => number) | ((epoch: number) => number)[] =>
  Array.isArray(value) ? value.map((name) => lambdas[name]!) : lambdas[String(value)]!;

// oxlint-disable-next-line typescript/no-explicit-any -- options come from a JSON fixture
const builders: { readonly [N in SchedulerName]: (optimizer: Optimizer, options: any) => AnyScheduler } = {
  ChainedScheduler: (optimizer, options) => new ChainedScheduler(parts(optimizer, options), optimizer),
  ConstantLR: (optimizer, options) => new ConstantLR(optimizer, options),
  CosineAnnealingLR: (optimizer, options) => new CosineAnnealingLR(optimizer, options),
  CosineAnnealingWarmRestarts: (optimizer, options) => new CosineAnnealingWarmRestarts(optimizer, options),
  CyclicLR: (optimizer, options) => new CyclicLR(optimizer, options),
  ExponentialLR: (optimizer, options) => new ExponentialLR(optimizer, options),
  LambdaLR: (optimizer, options) => new LambdaLR(optimizer, { lrLambda: namedLambdas(options.lrLambda) }),
  LinearLR: (optimizer, options) => new LinearLR(optimizer, options),
  MultiplicativeLR: (optimizer, options) =>
    new MultiplicativeLR(optimizer, { lrLambda: namedLambdas(options.lrLambda) }),
  MultiStepLR: (optimizer, options) => new MultiStepLR(optimizer, options),
  OneCycleLR: (optimizer, options) => new OneCycleLR(optimizer, options),
  PolynomialLR: (optimizer, options) => new PolynomialLR(optimizer, options),
  ReduceLROnPlateau: (optimizer, options) => new ReduceLROnPlateau(optimizer, options),
  SequentialLR: (optimizer, options) =>
    new SequentialLR(optimizer, { schedulers: parts(optimizer, options), milestones: options.milestones }),
  StepLR: (optimizer, options) => new StepLR(optimizer, options),
};

export const schedulerNames: readonly SchedulerName[] = Object.keys(builders) as SchedulerName[];

// oxlint-disable-next-line typescript/no-explicit-any -- options come from a JSON fixture
function parts(optimizer: Optimizer, options: any): LRScheduler[] {
  return options.schedulers.map((part: PartCase) => makeScheduler(optimizer, part));
}

export function makeScheduler(optimizer: Optimizer, { class: name, options }: PartCase): AnyScheduler {
  return builders[name](optimizer, options as never);
}

/** A stand-in for an optimizer that saves and loads its groups' hyper-parameters, as one does. */
export class GroupsOnly implements ScheduledOptimizer<MomentumGroup> {
  readonly paramGroups: MomentumGroup[];

  constructor({ lrs, optimizer, momentum = 0 }: SchedulerCase) {
    this.paramGroups = lrs.map((lr) =>
      optimizer === 'adam' ? { lr, betas: [0.9, 0.999] } : { lr, momentum },
    );
  }

  stateDict(withInitialLr: boolean): MomentumGroup[] {
    return this.paramGroups.map((group) => {
      const copy = structuredClone(group);
      if (!withInitialLr) delete copy.initialLr;
      return copy;
    });
  }

  loadStateDict(groups: readonly MomentumGroup[]): void {
    groups.forEach((group, i) => Object.assign(this.paramGroups[i]!, structuredClone(group)));
  }

  lrs(): number[] {
    return this.paramGroups.map((group) => group.lr);
  }

  momenta(): number[] {
    return this.paramGroups.map((group) => group.betas?.[0] ?? group.momentum ?? Number.NaN);
  }
}

/** Steps a scheduler of a case to the next epoch. */
export function stepCase(scheduler: AnyScheduler, { metrics }: SchedulerCase): void {
  const metric = metrics?.[scheduler.lastEpoch];
  if (scheduler instanceof LRScheduler) scheduler.step();
  else scheduler.step(metric ?? Number.NaN);
}

export function caseTitle({ class: name, options }: SchedulerCase): string {
  return `${name} ${JSON.stringify(options)}`;
}
