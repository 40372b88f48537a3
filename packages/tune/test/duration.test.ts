import { parseDuration, StudyError } from '@nadir/tune';
import { describe, expect, it } from 'vitest';

describe('parseDuration', () => {
  it.each([
    [12, 12],
    [0, 0],
    ['500ms', 0.5],
    ['120s', 120],
    ['2m', 120],
    ['1.5h', 5400],
  ])('%s is %d seconds', (duration, seconds) => {
    expect(parseDuration(duration)).toBe(seconds);
  });

  it.each([-1, NaN, '', '12', '1 d', 's', '-3s'])('refuses %s', (duration) => {
    expect(() => parseDuration(duration)).toThrow(StudyError);
  });
});
