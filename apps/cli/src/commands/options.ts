import { InvalidArgumentError, Option, type Command } from 'commander';
import { executorNames } from '../execution.ts';
import { optimizerNames, scheduleNames } from '../recipe.ts';
import type { Choices } from '../report/study-record.ts';

type Parser = (text: string) => number;

function parser(requirement: string, holds: (value: number) => boolean): Parser {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (!holds(value)) throw new InvalidArgumentError(`It must be ${requirement}.`);
    return value;
  };
}

/** Parsers of flags' values. */
export const numbers: Readonly<
  Record<'count' | 'threads' | 'seed' | 'positive' | 'nonNegative' | 'share' | 'factor', Parser>
> = {
  count: parser('a whole number of at least 1', (value) => Number.isSafeInteger(value) && value >= 1),
  threads: parser('from 1 to 64', (value) => Number.isSafeInteger(value) && value >= 1 && value <= 64),
  seed: parser('a whole number of at least 0', (value) => Number.isSafeInteger(value) && value >= 0),
  positive: parser('a number above 0', (value) => value > 0 && value < Infinity),
  nonNegative: parser('a number of at least 0', (value) => value >= 0 && value < Infinity),
  share: parser('in [0, 1)', (value) => value >= 0 && value < 1),
  factor: parser('in (0, 1]', (value) => value > 0 && value <= 1),
};

function setting(text: string, previous: Choices = {}): Choices {
  const match = /^([A-Za-z]\w*)=(.*)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('It must be name=value, as hidden=256.');
  const [, name, value] = match as unknown as [string, string, string];
  const parsed =
    value === 'true'
      ? true
      : value === 'false'
        ? false
        : value !== '' && Number.isFinite(Number(value))
          ? Number(value)
          : value;
  return { ...previous, [name]: parsed };
}

/** The flags of `nadir train` that are choices. */
export interface ChoiceFlags {
  readonly optimizer?: string;
  readonly lr?: number;
  readonly momentum?: number;
  readonly weightDecay?: number;
  readonly schedule?: string;
  readonly gamma?: number;
  readonly warmup?: number;
  readonly batchSize?: number;
  readonly set?: Choices;
}

/** Adds the flags that say how to train. */
export function addChoiceFlags(command: Command): Command {
  return command
    .addOption(new Option('--optimizer <name>', 'how steps follow gradients').choices([...optimizerNames]))
    .option('--lr <rate>', 'learning rate', numbers.positive)
    .option('--momentum <share>', 'of the last update that SGD keeps', numbers.share)
    .option('--weight-decay <factor>', 'pull of the weights towards 0', numbers.nonNegative)
    .addOption(
      new Option('--schedule <name>', 'how the learning rate changes over the run').choices([
        ...scheduleNames,
      ]),
    )
    .option(
      '--gamma <factor>',
      'of exponential: what is left of the rate at the end; of step: each drop',
      numbers.factor,
    )
    .option('--warmup <share>', 'of the steps in which the rate rises first', numbers.share)
    .option('--batch-size <items>', 'items per step', numbers.count)
    .option('--set <name=value>', 'a choice that the experiment itself knows; may be repeated', setting);
}

/** Adds the flags that say what computes. `threads` says how many there are by default. */
export function addExecutionFlags(command: Command, threads: string): Command {
  return command
    .addOption(
      new Option(
        '--executor <name>',
        'wasm compiles the steps, eager takes them operation by operation (default: wasm)',
      ).choices([...executorNames]),
    )
    .option(
      '--threads <count>',
      `threads of a compiled step; its results do not depend on them (default: ${threads})`,
      numbers.threads,
    );
}

/** The choices that flags make. */
export function choicesFrom(flags: ChoiceFlags): Choices {
  const { optimizer, lr, momentum, weightDecay, schedule, gamma, warmup, batchSize, set } = flags;
  const entries = Object.entries({
    optimizer,
    lr,
    momentum,
    weightDecay,
    schedule,
    gamma,
    warmup,
    batchSize,
    ...set,
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Choices;
}
