import { describe, expect, it } from 'vitest';
import { parseCsv } from '@nadir/data';

const text = 'id,size,ok,kind,note\r\n1,1.5,true,"a, b","say ""hi"""\r\n2,,no,c,\r\n3,-2e3,1,"a, b",x\r\n';

describe('parseCsv', () => {
  it('reads columns of every type', () => {
    const table = parseCsv(text, {
      columns: { id: 'int32', size: 'float64', ok: 'bool', kind: 'category', note: 'string' },
    });
    expect(table.id.toArray()).toEqual([1, 2, 3]);
    expect(table.size.toArray()).toEqual([1.5, NaN, -2000]);
    expect([table.ok.dtype, table.ok.toArray()]).toEqual(['bool', [true, false, true]]);
    expect(table.kind.codes.toArray()).toEqual([0, 1, 0]);
    expect(table.kind.categories).toEqual(['a, b', 'c']);
    expect(table.note).toEqual(['say "hi"', '', 'x']);
  });

  it('takes a delimiter, a header of its own, a byte order mark and markers of missing values', () => {
    const table = parseCsv('\ufeff1;?\n2;3\n', {
      columns: { b: 'float32' },
      header: ['a', 'b'],
      delimiter: ';',
      missing: ['?'],
    });
    expect(table.b.toArray()).toEqual([NaN, 3]);
  });

  it.each([
    [
      () => parseCsv(text, { columns: { sise: 'float32' } }),
      "there is no column 'sise', there are 'id', 'size'",
    ],
    [
      () => parseCsv('a\n1\nx\n', { columns: { a: 'float32' } }),
      "row 3, column 'a' must be a number, got 'x'",
    ],
    [
      () => parseCsv('a\n1.5\n', { columns: { a: 'int32' } }),
      "row 2, column 'a' must be a 32-bit integer, got '1.5'",
    ],
    [
      () => parseCsv('a\nmaybe\n', { columns: { a: 'bool' } }),
      "row 2, column 'a' must be true or false, got 'maybe'",
    ],
    [() => parseCsv(text, { columns: { note: 'category' } }), "row 3, column 'note' is missing"],
    [() => parseCsv('a,b\n1\n', { columns: { a: 'int32' } }), 'parseCsv(): '],
  ])('explains what is wrong (%#)', (act, message) => {
    expect(act).toThrow(message);
  });
});
