import { describe, expect, it } from 'vitest';
import { readCsv } from '../../src/storage/csv.ts';

describe('readCsv', () => {
  it.each([
    ['', []],
    ['a', [['a']]],
    [
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a,b\r\n1,2\r\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a,\n,b\n',
      [
        ['a', ''],
        ['', 'b'],
      ],
    ],
    ['a,', [['a', '']]],
    ['"x,""y""\n\r",2\n', [['x,"y"\n\r', '2']]],
    ['"",""\n', [['', '']]],
    ['""\n\nb\n', [['b']]],
    ['a"b,c\n', [['a"b', 'c']]],
  ])('reads %j', (text, rows) => {
    expect(readCsv(text)).toEqual(rows);
  });
});
