import type { Choices, StudyRecord } from './study-record.ts';

/** The choices that `nadir train` has a flag of their own for. */
const flags = new Set([
  'optimizer',
  'lr',
  'momentum',
  'weightDecay',
  'schedule',
  'gamma',
  'warmup',
  'batchSize',
]);

/** ` --executor eager`, for what was not computed by the default executor; else nothing. */
export function executorFlag(executor: string | undefined): string {
  return executor === undefined || executor === 'wasm' ? '' : ` --executor ${executor}`;
}

/** The command line that trains choices: the winner's on record, or else one made from them. */
export function trainCommand({ experiment, seed, winner, executor }: StudyRecord, chosen: Choices): string {
  if (winner?.command !== undefined) return winner.command;
  const choices = Object.entries(chosen).map(([name, value]) =>
    flags.has(name) ? `--${dashed(name)} ${quoted(String(value))}` : `--set ${quoted(`${name}=${value}`)}`,
  );
  return [
    `nadir train ${quoted(experiment)}`,
    ...choices,
    ...(winner === null ? [] : [`--epochs ${winner.epochs}`]),
    `--seed ${winner?.seed ?? seed}${executorFlag(executor)}`,
  ].join(' ');
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Safe to paste into a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
