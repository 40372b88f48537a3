import type { DType, TypedArray } from './dtype.ts';
import { ProgramError } from './errors.ts';

/** Where a Storage keeps its bytes: an ordinary array, an executor's state memory, or nowhere while a program is recorded. */
export interface Home {
  readonly kind: 'host' | 'pinned' | 'symbolic';
  /** The elements, for the length of one call: never keep the array. */
  array(): TypedArray;
}

/** The home of values that exist only as nodes of a program that is being recorded. */
const symbolicHome: Home = {
  kind: 'symbolic',
  array(): never {
    throw new ProgramError(
      'read(): a value inside a recorded program has no elements yet. ' +
        'Return the tensor and read it after the call; for a choice that depends on a value use where().',
    );
  },
};

// Where the storages that are made now are noted.
let notes: Set<Storage> | null = null;

/** Runs `body` and notes in `into` every storage with elements that it makes (null: notes none). */
export function noteStorages<T>(into: Set<Storage> | null, body: () => T): T {
  const previous = notes;
  notes = into;
  try {
    return body();
  } finally {
    notes = previous;
  }
}

/**
 * The one owner of bytes. Tensors are views of it. The version counts changes in place, so that a backward pass
 * can tell that a value it saved is no longer what it was.
 */
export class Storage {
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;
  /** The elements in an ordinary array; null where another home has them. */
  #array: TypedArray | null;
  /** Null for an ordinary array, which most storages live and die in. */
  #home: Home | null;
  #version = 0;

  private constructor(dtype: DType, size: number, array: TypedArray | null, home: Home | null) {
    this.dtype = dtype;
    this.size = size;
    this.#array = array;
    this.#home = home;
  }

  /** A storage that takes over `array`: the caller must not use it any more. */
  static host(array: TypedArray, dtype: DType): Storage {
    const storage = new Storage(dtype, array.length, array, null);
    if (notes !== null) notes.add(storage);
    return storage;
  }

  static symbolic(dtype: DType, size: number): Storage {
    return new Storage(dtype, size, null, symbolicHome);
  }

  get home(): Home {
    return this.#home ?? { kind: 'host', array: () => this.read() };
  }

  get version(): number {
    return this.#version;
  }

  /** The elements, to be read during one call and not kept. */
  read(): TypedArray {
    return this.#array ?? this.#home!.array();
  }

  /** The elements, to be changed during one call and not kept. Counts as a change. */
  write(): TypedArray {
    this.#version++;
    return this.read();
  }

  /** Counts a change that was made elsewhere: by a recorder, or by an executor in its own memory. */
  touch(): void {
    this.#version++;
  }

  /** Takes back changes that were counted while a program was recorded, and did not happen. */
  rewind(version: number): void {
    this.#version = version;
  }

  /** Moves the elements to another home of the same size, or back; the owner of the new home has copied them. */
  moveTo(home: Home): void {
    this.#array = null;
    this.#home = home;
  }

  /** Copies the elements into an ordinary array and makes that the home. */
  moveHome(): void {
    this.#array = this.read().slice();
    this.#home = null;
  }
}
