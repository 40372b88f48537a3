import ansis from 'ansis';
import { createScreen, type Screen } from '../terminal/screen.ts';
import { wrap } from '../terminal/table.ts';

/** How a command talks: to people, or with `--json` one object a line to machines. */
export interface Output {
  readonly json: boolean;
  /** Where people look; silent with `--json`. */
  readonly screen: Screen;
  /** Writes a line of JSON; does nothing without `--json`. Numbers that JSON lacks become null. */
  event(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

const silent: Screen = {
  isLive: false,
  width: 100,
  print() {},
  draw() {},
  done() {},
};

/** The output of a command. */
export function createOutput(json: boolean): Output {
  return {
    json,
    screen: json ? silent : createScreen(),
    event(event, fields = {}) {
      if (json) process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
    },
  };
}

/** Shows what people should know before a run begins. */
export function tellWarnings(screen: Screen, warnings: readonly string[]): void {
  for (const warning of warnings) {
    const [first, ...rest] = wrap(warning, screen.width);
    for (const line of [`!${first!.slice(1)}`, ...rest]) screen.print(ansis.yellow(line));
  }
}
