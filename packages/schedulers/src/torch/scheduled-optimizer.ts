/** A parameter group as a scheduler sees it: a learning rate that can be read and set. */
export interface ScheduledGroup {
  lr: number;
  /** The learning rate before any schedule. The first scheduler over the group sets it; an optimizer's state should keep it. */
  initialLr?: number;
}

/** A parameter group whose momentum, or first beta, a scheduler can cycle. */
export interface MomentumGroup extends ScheduledGroup {
  momentum?: number;
  betas?: readonly [number, number];
}

/** An optimizer as a scheduler sees it: its parameter groups. */
export interface ScheduledOptimizer<G extends ScheduledGroup = ScheduledGroup> {
  readonly paramGroups: readonly G[];
}
