import type { StudyRecord, WinnerRecord } from './study-record.ts';

/** The command line that trains a winner again: every choice as a flag of its name. */
export function trainCommand({ experiment }: StudyRecord, winner: WinnerRecord): string {
  if (winner.command !== undefined) return winner.command;
  const flags = Object.entries(winner.choices).map(
    ([name, value]) => `--${flagName(name)} ${quoted(String(value))}`,
  );
  const parts = [
    `nadir train ${quoted(experiment)}`,
    ...flags,
    `--epochs ${winner.epochs}`,
    `--seed ${winner.seed}`,
  ];
  return parts.join(' ');
}

function flagName(name: string): string {
  return quoted(name.replace(/([a-z\d])([A-Z])/g, '$1-$2').toLowerCase());
}

/** Safe to paste into a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
