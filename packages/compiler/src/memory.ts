import { features } from '@nadir/wasm';
import { byteSize, ProgramError, type DType, type Home, type Storage, type TypedArray } from '@nadir/tensor';
import { canShareMemory } from './threads/host.ts';
import { Team } from './threads/team.ts';

const pageBytes = 65_536;
/** 4 GiB. */
export const mostPages = 65_536;
/** Every block begins at a multiple of this, and vectors may run over its end up to the next multiple. */
const alignment = 64;

/** A view of elements in a memory, to be used at once: it ends when the memory grows. */
export function viewOf(dtype: DType, buffer: ArrayBuffer, address: number, size: number): TypedArray {
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, address, size);
    case 'float64':
      return new Float64Array(buffer, address, size);
    case 'int32':
      return new Int32Array(buffer, address, size);
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer, address, size);
  }
}

function sharedMemory(): WebAssembly.Memory | null {
  if (!features().threads || !canShareMemory()) return null;
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: mostPages, shared: true });
  } catch {
    // No room for 4 GiB of addresses: a memory that is not shared asks for less at first.
    return null;
  }
}

interface Room {
  readonly address: number;
  readonly bytes: number;
}

/** One WebAssembly memory with blocks in it: the states of all programs of an executor, and one arena that they share. */
export class ExecutorMemory {
  readonly memory: WebAssembly.Memory;
  readonly #free: { address: number; bytes: number }[] = [];
  /** Where the memory that was never used begins. The first bytes stay unused, so that no block has the address 0. */
  #top = alignment;
  #arena: Room | null = null;
  /** The working memory of every thread. */
  readonly #scratch: (Room | null)[] = [];

  /** Whether other threads can use the memory. */
  readonly isShared: boolean;
  #team: Team | null = null;

  constructor() {
    this.memory = sharedMemory() ?? new WebAssembly.Memory({ initial: 1, maximum: mostPages });
    this.isShared = !(this.memory.buffer instanceof ArrayBuffer);
  }

  /** The threads that work in this memory. */
  get team(): Team {
    this.#team ??= new Team(this);
    return this.#team;
  }

  /** Bytes in use or once used. */
  get size(): number {
    return this.#top;
  }

  /** Address of a new block. Throws a ProgramError where the memory cannot grow. */
  take(bytes: number): number {
    const padded = Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
    let best = -1;
    for (let i = 0; i < this.#free.length; i++) {
      const gap = this.#free[i]!;
      if (gap.bytes >= padded && (best < 0 || gap.bytes < this.#free[best]!.bytes)) best = i;
    }
    if (best >= 0) {
      const gap = this.#free[best]!;
      const { address } = gap;
      if (gap.bytes === padded) this.#free.splice(best, 1);
      else this.#free[best] = { address: address + padded, bytes: gap.bytes - padded };
      return address;
    }
    const address = this.#top;
    this.#grow(address + padded + alignment);
    this.#top = address + padded;
    return address;
  }

  give(address: number, bytes: number): void {
    const padded = Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
    let at = this.#free.findIndex((gap) => gap.address > address);
    if (at < 0) at = this.#free.length;
    this.#free.splice(at, 0, { address, bytes: padded });
    for (const i of [at, at - 1]) {
      const gap = this.#free[i];
      const next = this.#free[i + 1];
      if (gap === undefined || next === undefined || gap.address + gap.bytes !== next.address) continue;
      gap.bytes += next.bytes;
      this.#free.splice(i + 1, 1);
    }
    const last = this.#free.at(-1);
    if (last !== undefined && last.address + last.bytes === this.#top) {
      this.#top = last.address;
      this.#free.pop();
    }
  }

  /** Where the arena is after making it at least `bytes` large. It holds nothing between calls. */
  arena(bytes: number): number {
    const before = this.#arena;
    if (before !== null && bytes <= before.bytes) return before.address;
    this.#arena = null;
    this.#arena = this.#larger(before, bytes);
    return this.#arena.address;
  }

  /** Where the working memory of a thread is after making it at least `bytes` large. It holds nothing between calls. */
  scratch(thread: number, bytes: number): number {
    const before = this.#scratch[thread] ?? null;
    if (before !== null && bytes <= before.bytes) return before.address;
    this.#scratch[thread] = null;
    const room = this.#larger(before, bytes);
    this.#scratch[thread] = room;
    return room.address;
  }

  #larger(before: Room | null, bytes: number): Room {
    if (before !== null) this.give(before.address, before.bytes);
    return { address: this.take(bytes), bytes };
  }

  #grow(bytes: number): void {
    const have = this.memory.buffer.byteLength;
    if (bytes <= have) return;
    const missing = Math.ceil((bytes - have) / pageBytes);
    try {
      this.memory.grow(missing);
    } catch {
      throw new ProgramError(
        `load(): out of memory, the wasm executor holds ${have} bytes and cannot get ${missing * pageBytes} more. ` +
          'Dispose programs that are not needed any more, or use a smaller batch.',
      );
    }
  }
}

/** The home of a state: a block of the executor's memory. Programs that use the state share it. */
export class PinnedHome implements Home {
  readonly kind = 'pinned';
  readonly owner: ExecutorMemory;
  readonly address: number;
  readonly #dtype: DType;
  readonly #size: number;
  /** Programs that use the state. */
  users = 0;
  #view: TypedArray | null = null;

  private constructor(owner: ExecutorMemory, address: number, dtype: DType, size: number) {
    this.owner = owner;
    this.address = address;
    this.#dtype = dtype;
    this.#size = size;
  }

  /** Moves a storage into the memory, unless it is there, and counts one more user. */
  static acquire(owner: ExecutorMemory, storage: Storage): PinnedHome {
    let { home } = storage;
    if (!(home instanceof PinnedHome) || home.owner !== owner) {
      const pinned = new PinnedHome(
        owner,
        owner.take(storage.size * byteSize(storage.dtype)),
        storage.dtype,
        storage.size,
      );
      pinned.array().set(storage.read());
      storage.moveTo(pinned);
      home = pinned;
    }
    (home as PinnedHome).users++;
    return home as PinnedHome;
  }

  /** Counts one user less; the last one moves the elements back into an ordinary array. */
  release(storage: Storage): void {
    if (--this.users > 0) return;
    if (storage.home === this) storage.moveHome();
    this.owner.give(this.address, this.#size * byteSize(this.#dtype));
  }

  array(): TypedArray {
    const { buffer } = this.owner.memory;
    if (this.#view === null || this.#view.buffer !== buffer) {
      this.#view = viewOf(this.#dtype, buffer, this.address, this.#size);
    }
    return this.#view;
  }
}
