import { parse } from 'csv-parse/sync';
import { tensor, type Tensor } from '@nadir/tensor';
import { DataError } from '../data-error.ts';

/**
 * What a column becomes: a tensor of numbers or booleans, an array of strings, or a tensor of int32 codes of the distinct
 * texts in the order of their first appearance.
 */
export type ColumnType = 'float32' | 'float64' | 'int32' | 'bool' | 'string' | 'category';

/** Options of {@link parseCsv}. */
export interface CsvOptions<Columns extends Readonly<Record<string, ColumnType>>> {
  /** The columns to read and their types; other columns are left out. */
  readonly columns: Columns;
  /** The names of the columns of a file without a header line. Default: the first line. */
  readonly header?: readonly string[];
  /** Default `,`. */
  readonly delimiter?: string;
  /** Texts that stand for a missing value: NaN in a float column, an error elsewhere. Default `['', 'NA', 'NaN']`. */
  readonly missing?: readonly string[];
}

/** A column of type `category`. */
export interface CategoryColumn {
  /** int32 `[rows]`: positions in `categories`. */
  readonly codes: Tensor;
  readonly categories: readonly string[];
}

/** What a column of each type becomes. */
export interface ColumnValues {
  readonly float32: Tensor;
  readonly float64: Tensor;
  readonly int32: Tensor;
  readonly bool: Tensor;
  readonly string: readonly string[];
  readonly category: CategoryColumn;
}

/** The columns of a table by name. */
export type CsvTable<Columns extends Readonly<Record<string, ColumnType>>> = {
  readonly [Name in keyof Columns]: ColumnValues[Columns[Name]];
};

interface Cell {
  readonly text: string;
  readonly where: string;
  readonly missing: boolean;
}

function parseNumber(cell: Cell): number {
  const value = Number(cell.text);
  if (cell.text.trim() === '' || Number.isNaN(value))
    throw new DataError(`parseCsv(): ${cell.where} must be a number, got '${cell.text}'.`);
  return value;
}

function parseInteger(cell: Cell): number {
  const value = parseNumber(cell);
  if (!Number.isInteger(value) || Math.abs(value) > 2 ** 31 - 1) {
    throw new DataError(
      `parseCsv(): ${cell.where} must be a 32-bit integer, got '${cell.text}'. Read the column as float64.`,
    );
  }
  return value;
}

const truths: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['false', false],
  ['0', false],
  ['no', false],
]);

function parseBoolean(cell: Cell): boolean {
  const value = truths.get(cell.text.trim().toLowerCase());
  if (value === undefined)
    throw new DataError(`parseCsv(): ${cell.where} must be true or false, got '${cell.text}'.`);
  return value;
}

function present(cell: Cell): Cell {
  if (cell.missing)
    throw new DataError(
      `parseCsv(): ${cell.where} is missing. Only float columns take missing values, as NaN.`,
    );
  return cell;
}

function categorize(cells: readonly Cell[]): CategoryColumn {
  const codes = new Map<string, number>();
  const column = cells.map((cell) => {
    const { text } = present(cell);
    const code = codes.get(text) ?? codes.size;
    codes.set(text, code);
    return code;
  });
  return { codes: tensor(Int32Array.from(column)), categories: [...codes.keys()] };
}

const columnReaders: { readonly [Type in ColumnType]: (cells: readonly Cell[]) => ColumnValues[Type] } = {
  float32: (cells) => tensor(Float32Array.from(cells, (cell) => (cell.missing ? NaN : parseNumber(cell)))),
  float64: (cells) => tensor(Float64Array.from(cells, (cell) => (cell.missing ? NaN : parseNumber(cell)))),
  int32: (cells) => tensor(Int32Array.from(cells, (cell) => parseInteger(present(cell)))),
  bool: (cells) =>
    tensor(
      Uint8Array.from(cells, (cell) => Number(parseBoolean(present(cell)))),
      { dtype: 'bool' },
    ),
  string: (cells) => cells.map((cell) => cell.text),
  category: categorize,
};

/**
 * Columns of a CSV text (RFC 4180), each of the type asked for.
 *
 * @throws DataError for a column that is not there, a row of another length, or a cell that is not of the column's type;
 * it names the row and the column.
 *
 * @example
 * ```ts
 * import { parseCsv } from '@nadir/data';
 * const table = parseCsv('size,kind\n1.5,a\n2,b\n', { columns: { size: 'float32', kind: 'category' } });
 * table.size.toArray(); // => [ 1.5, 2 ]
 * table.kind.categories; // => [ 'a', 'b' ]
 * ```
 */
export function parseCsv<const Columns extends Readonly<Record<string, ColumnType>>>(
  text: string,
  { columns, header, delimiter = ',', missing = ['', 'NA', 'NaN'] }: CsvOptions<Columns>,
): CsvTable<Columns> {
  const rows = readRows(text, delimiter);
  const names = header ?? rows.shift() ?? [];
  const first = header === undefined ? 2 : 1;
  const absent = new Set(missing);
  const table = Object.entries(columns).map(([name, type]) => {
    const position = names.indexOf(name);
    if (position < 0)
      throw new DataError(
        `parseCsv(): there is no column '${name}', there are ${names.map((n) => `'${n}'`).join(', ')}.`,
      );
    const cells = rows.map((row, index): Cell => {
      const cell = row[position]!;
      return {
        text: cell,
        where: `row ${index + first}, column '${name}'`,
        missing: absent.has(cell.trim()),
      };
    });
    return [name, columnReaders[type](cells)];
  });
  return Object.fromEntries(table) as CsvTable<Columns>;
}

function readRows(text: string, delimiter: string): string[][] {
  try {
    return parse(text, { bom: true, delimiter, skip_empty_lines: true });
  } catch (error) {
    throw new DataError(`parseCsv(): ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
