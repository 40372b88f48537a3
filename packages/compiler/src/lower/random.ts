import { i32, i64, select, type Expression, type FunctionBuilder, type Local } from '@nadir/wasm';
import type { PrimitiveKernel } from '../kernel.ts';
import { bufferOf, pointerTo, type Lowering } from './lowering.ts';

// Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
const multipliers = [0xd2511f53, 0xcd9e8d57] as const;
const weyl = [0x9e3779b9, 0xbb67ae85] as const;
const rounds = 10;

const wide = (x: Expression<'i32'>): Expression<'i64'> => i64.extendI32U(x);
const highWord = (x: Expression<'i64'>): Expression<'i32'> => i32.wrapI64(i64.shrU(x, 32));

/** Blocks that a chunk draws. */
const chunkBlocks = 512;

/** Emits one chunk of `randomBits`: element i is lane i mod 4 of the block at position + ⌊i / 4⌋. */
export function emitRandomBits(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: PrimitiveKernel,
  chunk: Local<'i32'>,
): number {
  const state = kernel.operands[0]!;
  const source = f.let(pointerTo(lowering, f, state.buffer, state.offset));
  const start = f.let(i32.mul(chunk, chunkBlocks));
  const out = f.let(i32.add(pointerTo(lowering, f, kernel.buffer), i32.mul(start, 16)));
  const keys = [f.let(i32.load(source)), f.let(i32.load(source, 4))] as const;
  const position = f.let(i64.add(i64.load(source, 8, 4), wide(start)));
  const words = [0, 1, 2, 3].map(() => f.local('i32')) as [
    Local<'i32'>,
    Local<'i32'>,
    Local<'i32'>,
    Local<'i32'>,
  ];
  const [k0, k1] = [f.local('i32'), f.local('i32')];
  const blocks = Math.ceil(bufferOf(lowering, kernel.buffer).size / 4);
  const rest = f.let(i32.sub(blocks, start));
  const count = f.let(select(i32.ltS(rest, chunkBlocks), rest, i32.const(chunkBlocks)));
  f.for(f.local('i32'), { to: count }, () => {
    f.set(words[0], i32.wrapI64(position));
    f.set(words[1], highWord(position));
    f.set(words[2], 0);
    f.set(words[3], 0);
    f.set(k0, keys[0]);
    f.set(k1, keys[1]);
    for (let round = 0; round < rounds; round++) {
      const first = f.let(i64.mul(wide(words[0]), i64.const(multipliers[0])));
      const second = f.let(i64.mul(wide(words[2]), i64.const(multipliers[1])));
      f.set(words[0], i32.xor(i32.xor(highWord(second), words[1]), k0));
      f.set(words[1], i32.wrapI64(second));
      f.set(words[2], i32.xor(i32.xor(highWord(first), words[3]), k1));
      f.set(words[3], i32.wrapI64(first));
      f.set(k0, i32.add(k0, weyl[0]));
      f.set(k1, i32.add(k1, weyl[1]));
    }
    // The unused words of the last block fall into the room behind the buffer.
    words.forEach((word, lane) => f.do(i32.store(out, word, 4 * lane)));
    f.set(out, i32.add(out, 16));
    f.set(position, i64.add(position, 1));
  });
  return Math.ceil(blocks / chunkBlocks);
}

/** Emits `randomAdvance`: the position is a 64-bit number in two words. */
export function emitRandomAdvance(lowering: Lowering, f: FunctionBuilder, kernel: PrimitiveKernel): void {
  const { attributes } = kernel.node as Extract<PrimitiveKernel['node'], { primitive: 'randomAdvance' }>;
  const state = kernel.operands[0]!;
  const source = f.let(pointerTo(lowering, f, state.buffer, state.offset));
  const out = f.let(pointerTo(lowering, f, kernel.buffer));
  const key = f.let(i64.load(source, 0, 4));
  const position = f.let(i64.add(i64.load(source, 8, 4), i64.const(attributes.blocks)));
  f.do(i64.store(out, key, 0, 4), i64.store(out, position, 8, 4));
}
