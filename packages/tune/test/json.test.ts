import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyJson, decodeJson, encodeJson } from '../src/json.ts';

describe('encodeJson and decodeJson', () => {
  it('bring back every number', () => {
    const values = [0, -0, NaN, Infinity, -Infinity, 5e-324, 1e308, { deep: [NaN, { '-0': -0 }] }];
    expect(decodeJson(encodeJson(values))).toStrictEqual(values);
  });

  it('bring back every JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(decodeJson(encodeJson(value))).toEqual(value);
      }),
    );
  });

  it('write one line', () => {
    expect(encodeJson({ text: 'a\nb\u2028' })).not.toContain('\n');
  });

  it('leave other objects with the key alone', () => {
    expect(decodeJson('{"$number":"12"}')).toEqual({ $number: '12' });
  });
});

describe('copyJson', () => {
  it('copies deeply', () => {
    const value = { list: [1, { a: null }] };
    const copy = copyJson('f()', value, 'value');
    value.list.push(2);
    expect(copy).toEqual({ list: [1, { a: null }] });
  });

  it('refuses what JSON cannot hold, and says where', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(() => copyJson('f()', { a: [new Date(0)] }, 'x')).toThrow('got a Date at x.a[0]');
    expect(() => copyJson('f()', undefined, 'x')).toThrow('got undefined at x');
    expect(() => copyJson('f()', { f: () => 1 }, 'x')).toThrow('got a function at x.f');
    expect(() => copyJson('f()', cycle, 'x')).toThrow('got a cycle at x.self');
  });
});
