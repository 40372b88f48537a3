import { stripVTControlCharacters } from 'node:util';

/** Columns that a text takes on the screen; ours are all of one column a character. */
export function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

/** Pads to a width on the screen; negative pads on the left. */
export function pad(text: string, width: number): string {
  const space = ' '.repeat(Math.max(0, Math.abs(width) - widthOf(text)));
  return width < 0 ? space + text : text + space;
}

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Default `left`. */
  readonly align?: 'left' | 'right';
}

/** Lines of a table: titles first, columns two spaces apart, as wide as their widest cell. */
export function table(
  columns: readonly Column[],
  rows: ReadonlyArray<readonly string[]>,
  styleTitle: (text: string) => string = (text) => text,
): string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[index] ?? ''))),
  );
  const line = (cells: readonly string[], style: (text: string) => string): string =>
    columns
      .map(({ align }, index) =>
        style(pad(cells[index] ?? '', align === 'right' ? -widths[index]! : widths[index]!)),
      )
      .join('  ')
      .trimEnd();
  return [
    line(
      columns.map(({ title }) => title),
      styleTitle,
    ),
    ...rows.map((row) => line(row, (text) => text)),
  ];
}

/** Cuts a plain text to a width on the screen, with an ellipsis where something was cut. */
export function cut(text: string, width: number): string {
  const letters = [...text];
  return letters.length <= width ? text : `${letters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** Breaks a plain text at spaces into lines of at most `width` columns, each indented by two. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = ' ';
  for (const word of text.split(' ')) {
    if (widthOf(line) + 1 + widthOf(word) > width && line.trim() !== '') {
      lines.push(line);
      line = ' ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
