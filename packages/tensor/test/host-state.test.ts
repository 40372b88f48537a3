import { guard, Mode, ProgramError, record, Slot, tensor, zeros } from '@nadir/tensor';
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
    expect(slots).toEqual([{ slot, before: null, after: 1, isUsed: true }]);
    expect(program.results.length).toBe(2);
  });

  it('tells what the program asked of it, used, emptied and left', () => {
    const [read, summed, emptied, left] = ['read', 'summed', 'emptied', 'left'].map((name) => new Slot(name));
    const before = tensor([1]);
    for (const slot of [read!, summed!, emptied!, left!]) slot.value = before;
    const { slots } = record([], () => {
      const x = read!.value!.add(1);
      summed!.value = summed!.summand!.add(x);
      emptied!.value = null;
      void left!.value;
      new Slot('its own').value = x;
      return [];
    });
    expect(slots.map(({ slot, before, after, isUsed }) => [slot.name, before, after, isUsed])).toEqual([
      ['read', before, undefined, true],
      ['summed', before, 0, false],
      ['emptied', undefined, null, false],
      ['left', before, undefined, true],
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
