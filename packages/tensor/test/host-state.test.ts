import { eagerExecutor, guard, Mode, ProgramError, record, Slot, tensor, zeros } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';

describe('Mode', () => {
  it('is a condition of a program that reads it, with its value before the program', () => {
    const mode = new Mode<boolean>('a mode', true);
    const { guards } = record([], () => {
      expect(mode.value).toBe(true);
      mode.value = false;
      expect([mode.value, mode.current]).toEqual([false, true]);
      return [];
    });
    expect(guards.map(({ name, value, read }) => [name, value, read()])).toEqual([['a mode', true, true]]);
    mode.value = false;
    expect(guards[0]!.read()).toBe(false);
  });

  it('that a program sets before it reads it is no condition, and is set again by an effect', () => {
    const mode = new Mode<boolean>('a mode', true);
    const { guards, effects } = record([], () => {
      mode.value = false;
      expect(mode.value).toBe(false);
      return [];
    });
    expect(guards).toEqual([]);
    expect(mode.value).toBe(true);
    for (const run of effects) run();
    expect(mode.value).toBe(false);
  });
});

describe('Slot', () => {
  it('keeps what a program puts into it for the program, as a result', () => {
    const slot = new Slot('a slot');
    const { program, slots } = record([], () => {
      expect(slot.value).toBeNull();
      slot.value = zeros([2]);
      expect(slot.value!.shape).toEqual([2]);
      return [zeros([3])];
    });
    expect(slot.value).toBeNull();
    expect(slots).toEqual([{ slot, before: null, argument: null, update: null, after: 1, isUsed: true }]);
    expect(program.results.length).toBe(2);
  });

  it('tells what the program asked of it, used, emptied and left', () => {
    const [read, summed, emptied, left] = ['read', 'summed', 'emptied', 'left'].map((name) => new Slot(name));
    for (const slot of [read!, summed!, emptied!, left!]) slot.value = tensor([1]);
    const { program, slots } = record([], () => {
      const x = read!.value!.add(1);
      summed!.value = summed!.summand!.add(x);
      emptied!.value = null;
      void left!.value;
      new Slot('its own').value = x;
      return [];
    });
    expect(slots.map(({ slot, argument, after, isUsed }) => [slot.name, argument, after, isUsed])).toEqual([
      ['read', 0, undefined, true],
      ['summed', 1, 0, false],
      ['emptied', null, null, false],
      ['left', 2, undefined, true],
    ]);
    expect(program.arguments.length).toBe(3);
  });

  it('gives what it held to the program as an argument, and what the program assigns to it as a result', () => {
    const slot = new Slot('a slot');
    slot.value = tensor([1, 2]);
    const { program, state, slots } = record([{ shape: [2], dtype: 'float32' }], (x) => {
      slot.value!.assign(slot.value!.mul(x!));
      return [slot.value!.neg()];
    });
    expect(state).toEqual([]);
    expect(slots).toEqual([
      { slot, before: slot.value, argument: 1, update: 1, after: undefined, isUsed: true },
    ]);
    const results = eagerExecutor.load(program).run([tensor([3, 4]), tensor([5, 6])], state);
    expect(results.map((x) => x.toArray())).toEqual([
      [-15, -24],
      [15, 24],
    ]);
  });

  it('gives a tensor that the program knows by another name as itself', () => {
    const [a, b] = [new Slot('a'), new Slot('b')];
    const x = tensor([1]);
    a.value = x;
    let runs = 0;
    const { state, slots } = record([], () => {
      runs++;
      return [a.value!.assign(2).add(x)];
    });
    expect([runs, state, slots[0]!.argument]).toEqual([2, [x.storage], null]);
    const moved = record([], () => {
      b.value = a.value;
      return [];
    });
    expect(moved.slots.map(({ argument, after }) => [argument, after])).toEqual([
      [null, undefined],
      [null, x],
    ]);
  });

  it('throws where its tensor was dropped, until it is filled or emptied', () => {
    const slot = new Slot('a slot');
    slot.drop('grad: gone.');
    expect(slot.isDropped).toBe(true);
    expect(() => slot.value).toThrow(new ProgramError('grad: gone.'));
    expect(() => record([], () => [slot.value!])).toThrow('gone');
    slot.value = null;
    expect(slot.value).toBeNull();
  });
});

describe('record', () => {
  it('keeps the first value of a guard, and how to read it again', () => {
    let flag = 1;
    const read = (): number => flag;
    const { guards } = record([], () => {
      guard('flag', read);
      flag = 2;
      guard('flag', read);
      return [];
    });
    expect(guards).toEqual([{ name: 'flag', value: 1, read }]);
  });

  it('keeps modes and guards of one name apart', () => {
    const modes = [new Mode('frozen', true), new Mode('frozen', false)];
    const { guards } = record([], () => {
      for (const mode of modes) void mode.value;
      for (const value of [1, 2]) guard('noise', () => value);
      return [];
    });
    expect(guards.map(({ value }) => value)).toEqual([true, false, 1, 2]);
  });

  it('counts no change of storages outside, whether it ends or throws', () => {
    const x = tensor([1]);
    const { version } = x.storage;
    record([], () => [x.assign(2).assign(3)]);
    expect(() =>
      record([], () => {
        x.assign(4);
        throw new RangeError('broken');
      }),
    ).toThrow(RangeError);
    expect(x.storage.version).toBe(version);
  });

  it('tells the constants that the function makes, and does not write them', () => {
    const outside = tensor([1]);
    const { program, state, constants } = record([], () => {
      const inside = tensor([2]);
      inside.assign(inside.add(outside));
      return [inside];
    });
    expect(state.length).toBe(2);
    expect(constants.size).toBe(1);
    expect(constants.has(outside.storage)).toBe(false);
    expect(program.writes).toEqual([]);
  });

  it('notes the tensors from outside that it used, not those it made of them', () => {
    const x = tensor([1, 2]);
    const { histories } = record([], () => [x.reshape([2, 1]).add(x.add(1))]);
    expect([...histories]).toEqual([[x, null]]);
  });
});
