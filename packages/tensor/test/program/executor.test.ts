import { describe, expect, it } from 'vitest';
import { eagerExecutor, formatProgram, record, Storage, tensor, verifyProgram, zeros } from '@nadir/tensor';
import { testExecutor } from '@nadir/tensor/testing';

describe('the interpreter', () => {
  testExecutor(eagerExecutor, it);

  it('writes the state after everything is read', () => {
    const a = tensor([1, 2]);
    const b = tensor([3, 4]);
    const { program, state } = record([], () => {
      const before = a.clone();
      a.assign(b);
      b.assign(before);
      return [a.add(b)];
    });
    const [sum] = eagerExecutor.load(program).run([], state);
    expect([a.toArray(), b.toArray(), sum!.toArray()]).toEqual([
      [3, 4],
      [1, 2],
      [4, 6],
    ]);
  });

  it('hands out results of their own, not views of its state', () => {
    const a = tensor([1, 2]);
    const { program, state } = record([], () => [a.flip(), a.add(0)]);
    const loaded = eagerExecutor.load(program);
    const [flipped] = loaded.run([], state);
    a.assign(tensor([7, 7]));
    expect(flipped!.toArray()).toEqual([2, 1]);
    expect(loaded.run([], state)[0]!.toArray()).toEqual([7, 7]);
  });

  it('refuses arguments of another type', () => {
    const { program, state } = record([{ shape: [2], dtype: 'float32' }], (x) => [x!.neg()]);
    const loaded = eagerExecutor.load(program);
    expect(() => loaded.run([zeros([3])], state)).toThrow(
      'run(): argument 0 must be float32 [2], got float32 [3]. Another shape or dtype needs a program of its own.',
    );
    const small = Storage.host(new Float32Array(1), 'float32');
    const scaled = record([], () => [tensor([1, 2]).neg()]);
    expect(() => eagerExecutor.load(scaled.program).run([], [small])).toThrow(
      'state 0 needs 2 elements, got 1',
    );
  });
});

describe('formatProgram', () => {
  it('prints one value a line', () => {
    const scale = tensor([2, 3]);
    const { program } = record([{ shape: [2], dtype: 'float32' }], (x) => {
      const y = x!.mul(scale);
      scale.assign(y);
      return [y.sum()];
    });
    expect(formatProgram(program)).toBe(
      [
        '%0: float32[2] = argument',
        '%1: float32[2] = state',
        '%2: float32[2] = mul %0 %1',
        '%3: float32[] = sum %2 {axes: [0]}',
        'write %1 <- %2',
        'return %3',
      ].join('\n'),
    );
  });

  it('tells numbers apart that JSON does not', () => {
    const texts = [NaN, Infinity, -Infinity, 0, -0].map((value) =>
      formatProgram(record([], () => [tensor([0]).mul(value)]).program),
    );
    expect(new Set(texts).size).toBe(5);
    expect(texts[4]).toContain('value: "-0"');
  });
});

describe('verifyProgram', () => {
  const { program } = record([{ shape: [2], dtype: 'float32' }], (x) => [x!.neg().exp()]);
  const [neg, exp] = program.nodes;

  it('accepts what record() makes', () => {
    expect(() => verifyProgram(program)).not.toThrow();
  });

  it('names a value that is used before it is defined', () => {
    const swapped = { ...program, nodes: [{ ...neg!, operands: [2] }, exp!] };
    expect(() => verifyProgram(swapped)).toThrow('%1 = neg: operand %2 is not defined before it');
  });

  it('names a value of another type than its operands give', () => {
    const wrong = { ...program, nodes: [{ ...neg!, type: { shape: [3], dtype: 'float32' as const } }, exp!] };
    expect(() => verifyProgram(wrong)).toThrow(
      '%1 = neg: is marked float32 [3], but its operands give float32 [2]',
    );
  });

  it('refuses results, writes and numbers that do not exist', () => {
    expect(() => verifyProgram({ ...program, results: [9] })).toThrow('result %9 is not defined');
    expect(() => verifyProgram({ ...program, writes: [{ state: 0, value: 1 }] })).toThrow(
      'there is no state 0',
    );
    expect(() => verifyProgram({ ...program, nodes: [exp!, neg!] })).toThrow('nodes are numbered in order');
    const state = { ...program, state: [], writes: [] };
    expect(() => verifyProgram(state)).not.toThrow();
  });
});
