import { defaultGenerator } from '@nadir/tensor';
import type { TrainerOptimizer } from '../trainer.ts';
import type { TrainerModel } from '../training-step.ts';

/** An optimizer whose learning rates may be set. */
export interface TunableOptimizer extends TrainerOptimizer {
  readonly paramGroups: readonly { lr: number }[];
}

/** What is trained. */
export interface Subject {
  readonly model: TrainerModel;
  readonly optimizer: TunableOptimizer;
}

/** Puts parameters, buffers, moments, counters, schedule and random numbers back to what they were. */
export function remember({ model, optimizer }: Subject): () => void {
  const weights = Object.fromEntries(
    Object.entries(model.stateDict()).map(([name, value]) => [name, value.clone()]),
  );
  const moments = optimizer.stateDict();
  const random = defaultGenerator().getState();
  const rates = optimizer.paramGroups.map(({ lr }) => lr);
  const { training } = model;
  return () => {
    model.loadStateDict(weights);
    optimizer.loadStateDict(moments);
    optimizer.paramGroups.forEach((group, index) => {
      group.lr = rates[index]!;
    });
    defaultGenerator().setState(random);
    model.train(training);
  };
}

/** Multiplies the learning rates of all groups so that the first becomes `lr`. */
export function setLearningRate(optimizer: TunableOptimizer, own: readonly number[], lr: number): void {
  optimizer.paramGroups.forEach((group, index) => {
    group.lr = own[0]! > 0 ? (lr * own[index]!) / own[0]! : lr;
  });
}
