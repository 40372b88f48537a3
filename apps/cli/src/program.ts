import ansis from 'ansis';
import { Command } from 'commander';
import { addBenchCommand } from './commands/bench.ts';
import { addFindCommand } from './commands/find.ts';
import { addReportCommand } from './commands/report.ts';
import { addStartCommand } from './commands/start.ts';
import { addStudyCommand } from './commands/study.ts';
import { addTrainCommand } from './commands/train.ts';
import { addTuneCommand } from './commands/tune.ts';
import { exitCodes } from './exit-code.ts';

const codes = Object.entries(exitCodes)
  .map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`)
  .join('\n');

/** The command line of nadir. `setExitCode` receives the code of the subcommand that ran. */
export function createProgram(version: string, setExitCode: (code: number) => void): Command {
  const program = new Command('nadir')
    .description(
      'Finds the best learning rate, schedule, batch size and optimizer for a model, and trains with them.',
    )
    .version(version)
    .showSuggestionAfterError()
    .configureHelp({ styleTitle: (text) => ansis.bold(text), showGlobalOptions: false })
    .addHelpText(
      'after',
      `
Examples:
  $ nadir start                     find the best combination for MNIST and train it: about half a minute
  $ nadir train mnist --lr 0.1      train once
  $ nadir find lr mnist             read a learning rate off a range test
  $ nadir tune ./my-experiment.ts   search the space of an experiment of your own
  $ nadir study list                show the studies of ./nadir-studies

Exit codes:
${codes}

Colours are left out where the output is no terminal or NO_COLOR is set.`,
    );
  program.exitOverride();
  addStartCommand(program, setExitCode);
  addTrainCommand(program, setExitCode);
  addTuneCommand(program, setExitCode);
  addFindCommand(program, setExitCode);
  addReportCommand(program, setExitCode);
  addStudyCommand(program, setExitCode);
  addBenchCommand(program, setExitCode);
  const all = program.commands.flatMap((command) => [command, ...command.commands]);
  for (const command of all)
    command
      .exitOverride()
      .showSuggestionAfterError()
      .configureHelp({ styleTitle: (text) => ansis.bold(text) });
  return program;
}
