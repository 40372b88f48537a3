import { arange, full, linspace, record, tensor, zeros, type History } from '@nadir/tensor';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';

describe('toString', () => {
  it('shows dtype and shape after the elements', () => {
    expect(String(tensor(3.5))).toBe('tensor(3.5, float32[])');
    expect(String(tensor([1, 2], { dtype: 'int32' }))).toBe('tensor([1, 2], int32[2])');
    expect(String(zeros([2, 0]))).toBe('tensor([], float32[2, 0])');
    expect(inspect(tensor(true))).toBe('tensor(true, bool[])');
  });

  it('aligns columns over the whole tensor', () => {
    expect(
      String(
        tensor([
          [1, -20],
          [300, 4],
        ]),
      ).split('\n'),
    ).toEqual(['tensor([[  1, -20],', '        [300,   4]], float32[2, 2])']);
    expect(String(tensor([true, false]))).toBe('tensor([ true, false], bool[2])');
  });

  it('writes as many digits as needed, up to four', () => {
    expect(String(tensor([0.1, 0.25, 100]))).toBe('tensor([  0.10,   0.25, 100.00], float32[3])');
    expect(String(tensor([1 / 3, 2]))).toBe('tensor([0.3333, 2.0000], float32[2])');
    expect(String(tensor(Math.PI, { dtype: 'float64' }))).toBe('tensor(3.1416, float64[])');
    expect(String(tensor([1, NaN, -Infinity, Infinity]))).toBe(
      'tensor([   1,  nan, -inf,  inf], float32[4])',
    );
    expect(String(tensor([0.5, NaN]))).toBe('tensor([0.5, nan], float32[2])');
    expect(String(tensor([0, -0]))).toBe('tensor([ 0, -0], float32[2])');
  });

  it('is scientific where four digits do not do', () => {
    expect(String(tensor([1.5e-7, 0.25, 0]))).toBe('tensor([1.5e-07, 2.5e-01, 0.0e+00], float32[3])');
    expect(String(tensor([2 ** 40, 1]))).toBe('tensor([1.0995e+12, 1.0000e+00], float32[2])');
    expect(String(tensor([99_999_999, 1], { dtype: 'float64' }))).toBe(
      'tensor([99999999,        1], float64[2])',
    );
    expect(String(tensor([1e-4, 12]))).toBe('tensor([ 0.0001, 12.0000], float32[2])');
    expect(String(tensor([2.5e-4, 1e-3]))).toBe('tensor([0.00025, 0.00100], float32[2])');
    expect(String(tensor(2e-5))).toBe('tensor(2e-05, float32[])');
  });

  it('parts matrices by blank lines', () => {
    expect(String(arange(8).reshape([2, 2, 2])).split('\n')).toEqual([
      'tensor([[[0, 1],',
      '         [2, 3]],',
      '',
      '        [[4, 5],',
      '         [6, 7]]], float32[2, 2, 2])',
    ]);
  });

  it('breaks long rows after 80 characters', () => {
    const lines = String(linspace(0, 1, 20)).split('\n');
    expect(lines.length).toBe(3);
    expect(lines.every((line) => line.length <= 80)).toBe(true);
    expect(lines[1]!.startsWith('        0.')).toBe(true);
  });

  it('shows the ends of what has more than 1000 elements', () => {
    expect(String(arange(2000))).toBe('tensor([   0,    1,    2, …, 1997, 1998, 1999], float32[2000])');
    expect(String(full([600, 2], 1)).split('\n')).toEqual([
      'tensor([[1, 1],',
      '        [1, 1],',
      '        [1, 1],',
      '        …,',
      '        [1, 1],',
      '        [1, 1],',
      '        [1, 1]], float32[600, 2])',
    ]);
  });

  it('shows a view as it is', () => {
    const x = arange(6).reshape([2, 3]);
    expect(String(x.T.flip(0)).split('\n')).toEqual([
      'tensor([[2, 5],',
      '        [1, 4],',
      '        [0, 3]], float32[3, 2])',
    ]);
  });

  it('does not read a value of a program', () => {
    let text = '';
    record([{ shape: [2, 3], dtype: 'float32' }], (x) => {
      text = String(x);
      return [x!];
    });
    expect(text).toBe('tensor(value of a recorded program, float32[2, 3])');
  });

  it('shows that gradients pass', () => {
    const x = tensor([1, 2]);
    const history: Partial<History> = { isLeaf: true };
    x.history = history as History;
    expect(String(x)).toBe('tensor([1, 2], float32[2], requiresGrad)');
  });
});
