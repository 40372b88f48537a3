import type { StudyRecord, WinnerRecord } from './study-record.ts';

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

/** The command line that trains a winner again: the one on record, or else one made from its choices. */
export function trainCommand({ experiment }: StudyRecord, winner: WinnerRecord): string {
  if (winner.command !== undefined) return winner.command;
  const choices = Object.entries(winner.choices).map(([name, value]) =>
    flags.has(name) ? `--${dashed(name)} ${quoted(String(value))}` : `--set ${quoted(`${name}=${value}`)}`,
  );
  return [
    `nadir train ${quoted(experiment)}`,
    ...choices,
    `--epochs ${winner.epochs}`,
    `--seed ${winner.seed}`,
  ].join(' ');
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Safe to paste into a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
