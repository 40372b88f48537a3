import { checkNonNegativeInteger } from '../option-check.ts';
import { ScheduleError } from '../schedule-error.ts';
import type { ScheduleConfig, ScheduleDescription } from '../schedule.ts';
import { checkSameScheduler, type LearningRateScheduler } from './learning-rate-scheduler.ts';
import type { MomentumGroup, ScheduledGroup, ScheduledOptimizer } from './scheduled-optimizer.ts';

/** What a scheduler does, as pure functions of the epoch. */
export interface LearningRateRule {
  readonly name: string;
  readonly config: ScheduleConfig;
  /** The learning rate of a group at an epoch, from the group's base learning rate. */
  learningRate(base: number, epoch: number, group: number): number;
  /** The momentum, or first beta, of a group at an epoch; left alone without it, or when undefined. */
  momentum?(epoch: number, group: number): number | undefined;
}

/** The state of an {@link LRScheduler}. */
export interface LRSchedulerState extends ScheduleDescription {
  readonly lastEpoch: number;
  readonly baseLrs: readonly number[];
}

/**
 * The base of the torch-shaped schedulers: at every epoch it sets the learning rate of each group to a pure function of
 * the group's base learning rate and the epoch.
 *
 * Torch multiplies the current learning rate on instead, so there a resume is right in one order of construction and
 * loading only. Here every order gives identical learning rates, and the scheduler's state alone suffices: nothing is
 * read from `group.lr` after construction. In return a learning rate set by hand lasts until the next `step()`, and of
 * several schedulers over one optimizer the last one to step wins; combine them with `ChainedScheduler` or `SequentialLR`.
 *
 * @param optimizer its groups' `initialLr`, or else `lr`, are the base learning rates; `lr` is set at once to epoch 0
 * @param rule the functions, their name and their options
 * @throws ScheduleError if the rule gives a learning rate that is negative or not finite
 */
export class LRScheduler implements LearningRateScheduler<LRSchedulerState> {
  readonly optimizer: ScheduledOptimizer;
  /** The functions of the epoch; `SequentialLR` and `ChainedScheduler` combine them. */
  readonly rule: LearningRateRule;
  #baseLrs: readonly number[];
  #lastLr: readonly number[] = [];
  #lastEpoch = 0;

  constructor(optimizer: ScheduledOptimizer, rule: LearningRateRule) {
    this.optimizer = optimizer;
    this.rule = rule;
    this.#baseLrs = optimizer.paramGroups.map((group) => (group.initialLr ??= group.lr));
    this.#setEpoch(0);
  }

  /** How many times it has stepped. */
  get lastEpoch(): number {
    return this.#lastEpoch;
  }

  /** The base learning rate of each group. */
  get baseLrs(): number[] {
    return [...this.#baseLrs];
  }

  /** Moves to the next epoch. Call it after the optimizer's steps of an epoch. */
  step(): void {
    this.#setEpoch(this.#lastEpoch + 1);
  }

  /**
   * Moves to any epoch: torch's `step(epoch)`.
   *
   * @throws ScheduleError if `epoch` is not an integer ≥ 0
   */
  stepTo(epoch: number): void {
    checkNonNegativeInteger(`${this.rule.name}.stepTo`, 'epoch', epoch);
    this.#setEpoch(epoch);
  }

  /** The learning rate of each group, as last set by this scheduler. */
  getLastLr(): number[] {
    return [...this.#lastLr];
  }

  /** Name, options, epoch and base learning rates, as JSON. Functions among the options are not part of it. */
  stateDict(): LRSchedulerState {
    const { name, config } = this.rule;
    return { name, config, lastEpoch: this.#lastEpoch, baseLrs: [...this.#baseLrs] };
  }

  /**
   * Continues from a state, and sets the groups' learning rates to it.
   *
   * @throws ScheduleError if the state is of another scheduler, other options or another number of groups
   */
  loadStateDict(state: LRSchedulerState): void {
    const { name, config } = this.rule;
    const { lastEpoch, baseLrs } = state;
    checkSameScheduler(name, config, state, this.#baseLrs.length, baseLrs.length);
    checkNonNegativeInteger(`${name}.loadStateDict`, 'lastEpoch', lastEpoch);
    this.#baseLrs = [...baseLrs];
    this.optimizer.paramGroups.forEach((group, i) => (group.initialLr = baseLrs[i]!));
    this.#setEpoch(lastEpoch);
  }

  #setEpoch(epoch: number): void {
    const { name } = this.rule;
    const groups = this.optimizer.paramGroups;
    if (groups.length !== this.#baseLrs.length) {
      throw new ScheduleError(
        `${name}.step(): the optimizer must keep its ${this.#baseLrs.length} parameter groups, got ${groups.length}. Hint: add groups before you construct the scheduler.`,
      );
    }
    const lrs = this.#baseLrs.map((base, i) => this.rule.learningRate(base, epoch, i));
    for (const lr of lrs) {
      if (!(lr >= 0 && lr < Infinity)) {
        throw new ScheduleError(
          `${name}(): a learning rate must be a non-negative finite number, got ${lr} at epoch ${epoch}.`,
        );
      }
    }
    this.#lastEpoch = epoch;
    this.#lastLr = lrs;
    groups.forEach((group, i) => {
      group.lr = lrs[i]!;
      const momentum = this.rule.momentum?.(epoch, i);
      if (momentum !== undefined) setMomentum(group, momentum);
    });
  }
}

function setMomentum(group: ScheduledGroup, momentum: number): void {
  const target: MomentumGroup = group;
  if (target.betas === undefined) target.momentum = momentum;
  else target.betas = [momentum, target.betas[1]];
}

/**
 * Checks that every group has a momentum or betas to cycle.
 *
 * @throws ScheduleError if one has neither
 */
export function checkCyclesMomentum(caller: string, optimizer: ScheduledOptimizer<MomentumGroup>): void {
  optimizer.paramGroups.forEach((group, i) => {
    if (group.momentum === undefined && group.betas === undefined) {
      throw new ScheduleError(
        `${caller}(): cycleMomentum needs groups with momentum or betas, got none in group ${i}. Hint: pass cycleMomentum: false.`,
      );
    }
  });
}
