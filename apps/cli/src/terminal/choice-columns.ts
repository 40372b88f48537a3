import type { Choices } from '../report/study-record.ts';
import { choiceName, choiceText } from './format.ts';
import { cut, pad, widthOf } from './table.ts';

/** Room for the values of well-known choices; others get what their name and first value need. */
const widths: Readonly<Record<string, number>> = {
  optimizer: 9,
  lr: 7,
  schedule: 11,
  batchSize: 5,
  weightDecay: 5,
  warmup: 6,
  momentum: 8,
  gamma: 5,
};
const textual = new Set(['optimizer', 'schedule']);

/** Choices side by side, one column each, in lines that are written one at a time. */
export class ChoiceColumns {
  readonly #names: string[];
  readonly #widths: number[];

  /** As many of the choices of `first` as fit into `width` columns. */
  constructor(first: Choices, width: number) {
    const columns = Object.entries(first).map(([name, value]) => ({
      name,
      width:
        widths[name] ?? Math.min(16, Math.max(widthOf(choiceName(name)), widthOf(choiceText(value)) + 2)),
    }));
    let used = 0;
    const fitting = columns.filter((column) => {
      used += column.width + 1;
      return used <= width + 1;
    });
    this.#names = fitting.map(({ name }) => name);
    this.#widths = fitting.map((column) => column.width);
  }

  get width(): number {
    return this.#widths.reduce((sum, width) => sum + width + 1, -1);
  }

  titles(): string {
    return this.#line((name) => choiceName(name));
  }

  values(choices: Choices): string {
    return this.#line((name) => choiceText(choices[name]));
  }

  #line(text: (name: string) => string): string {
    return this.#names
      .map((name, index) => {
        const width = this.#widths[index]!;
        return pad(cut(text(name), width), textual.has(name) ? width : -width);
      })
      .join(' ');
  }
}
