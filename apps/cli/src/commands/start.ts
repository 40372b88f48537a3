import type { Command } from 'commander';
import { budgetOf } from '../experiment.ts';
import { loadExperiment } from '../load-experiment.ts';
import { createOutput } from './output.ts';
import { addSearchFlags, tune, type TuneFlags } from './tune.ts';

/** Seconds after which the search of `nadir start` begins no further trial: a guard for slow machines, not the plan. */
const searchGuard = 150;

/** Adds `nadir start`. */
export function addStartCommand(program: Command, setExitCode: (code: number) => void): void {
  const command = program
    .command('start')
    .summary('tune and train MNIST: the whole thing')
    .description(
      'Finds a good learning rate, schedule, batch size and optimizer for a classifier of handwritten digits (MNIST),\n' +
        'trains the best combination, and reads the test data once. About half a minute on two cores.',
    );
  addSearchFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  $ nadir start
  $ nadir start --trials 12 --seed 7
  $ nadir start --resume nadir-runs/mnist-tune-20260101-120000`,
    )
    .action(async (flags: TuneFlags) => {
      const { experiment } = await loadExperiment('mnist');
      const { winnerEpochs } = budgetOf(experiment);
      const guarded = { ...flags, winnerEpochs, timeout: flags.timeout ?? searchGuard };
      setExitCode(await tune('mnist', guarded, createOutput(flags.json ?? false)));
    });
}
