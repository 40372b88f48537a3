import { byteSize, contiguousStrides, sameShape } from '@nadir/tensor';
import {
  call,
  DEPTH_BLOCK,
  ROW_BLOCK,
  i32,
  select,
  type Expression,
  type FunctionBuilder,
  type Local,
  type Operand,
} from '@nadir/wasm';
import { readsOf, type MatmulKernel, type Root } from '../../kernel.ts';
import type { Place } from '../../passes/plan.ts';
import { addressOf, scratchStart, type Lowering } from '../lowering.ts';
import { mergeAxes, plus } from '../nest.ts';
import { blocksOf, type Blocks, type Walk } from './blocks.ts';
import { emitEpilogue } from './epilogue.ts';

/** Where a chunk of a product keeps what in working memory, in bytes from its start. */
interface Scratch {
  /** The block that is on its way through the roots. */
  readonly block: number;
  readonly packedRows: number;
  readonly packedColumns: number;
  readonly bytes: number;
}

function scratchOf(kernel: MatmulKernel, blocks: Blocks): Scratch {
  const size = byteSize(kernel.dtype);
  const depth = Math.min(kernel.k, DEPTH_BLOCK);
  const rows = Math.min(ROW_BLOCK, Math.ceil(blocks.blockRows / blocks.tileRows) * blocks.tileRows);
  const packedRows = blocks.blockRows * scratchRow(blocks) * size;
  const packedColumns = packedRows + (kernel.rows === 'packed' ? rows * depth * size : 0);
  const bytes = packedColumns + (kernel.columns === 'packed' ? scratchRow(blocks) * depth * size : 0);
  return { block: 0, packedRows, packedColumns, bytes };
}

/** Bytes of working memory of a chunk. */
export function matmulBytes(kernel: MatmulKernel): number {
  return scratchOf(kernel, blocksOf(kernel)).bytes;
}

/** Elements of a row of a block in working memory: whole panels. */
function scratchRow({ blockColumns, width }: Blocks): number {
  return Math.ceil(blockColumns / width) * width;
}

const samePlace = (a: Place, b: Place): boolean =>
  a.base === 'state'
    ? b.base === 'state' && a.index === b.index
    : b.base === 'arena' && a.offset === b.offset;

/**
 * The root that stores the product itself, where blocks of it can be computed in its buffer: row-major, in whole panels, and not in the
 * place of something that other roots have yet to read.
 */
function targetOf(
  lowering: Lowering,
  kernel: MatmulKernel,
  { isTransposed, columns, width }: Blocks,
): Root | null {
  if (isTransposed || columns % width !== 0) return null;
  const { places } = lowering.program;
  const rowMajor = contiguousStrides(kernel.shape);
  const target = kernel.roots.find(
    ({ element, at }) =>
      element.kind === 'load' && element.buffer === kernel.value && sameShape(at.strides, rowMajor),
  );
  if (target === undefined) return null;
  const place = places.get(target.buffer)!;
  const isTaken = [...readsOf(kernel)].some((id) => samePlace(places.get(id)!, place));
  return isTaken ? null : target;
}

/** A block of indices `from … from + count − 1`; numbers where all blocks are the same. */
interface Span {
  readonly from: Operand<'i32'>;
  readonly count: Operand<'i32'>;
}

function spanOf(f: FunctionBuilder, block: Local<'i32'>, blocks: number, size: number, total: number): Span {
  if (blocks === 1) return { from: 0, count: total };
  const isLast = f.let(i32.eq(block, blocks - 1));
  const rest = total - (blocks - 1) * size;
  const count = rest === size ? size : f.let(select(isLast, i32.const(rest), i32.const(size)));
  return { from: f.let(i32.mul(block, size)), count };
}

/** Emits one chunk of a product: a block of rows and columns through all of the depth, then through the roots. */
export function emitMatmul(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: MatmulKernel,
  chunk: Local<'i32'>,
): number {
  const blocks = blocksOf(kernel);
  const { isTransposed, rows, columns, left, right, tileRows, width, rowBlocks, columnBlocks } = blocks;
  const size = byteSize(kernel.dtype);
  const rest = f.let(chunk);
  const digit = (count: number): Local<'i32'> => {
    const index = f.let(count === 1 ? i32.const(0) : i32.remU(rest, count));
    if (count > 1) f.set(rest, i32.divU(rest, count));
    return index;
  };
  // Neighbouring chunks share columns, which are read more often than rows.
  const rowSpan = spanOf(f, digit(rowBlocks), rowBlocks, blocks.blockRows, rows);
  const columnSpan = spanOf(f, digit(columnBlocks), columnBlocks, blocks.blockColumns, columns);
  const start = (walk: Walk, moved: Expression<'i32'>): Local<'i32'> => {
    const { base, offset } = addressOf(lowering, f, walk.buffer, walk.offset);
    return f.let(i32.add(i32.add(base, offset), moved));
  };
  const isInPanels = kernel.columns === 'panels';
  const panel = isInPanels && columnBlocks > 1 ? i32.divU(columnSpan.from, width) : columnSpan.from;
  const starts = [
    start(left, i32.mul(rowSpan.from, left.across * size)),
    start(right, i32.mul(panel, right.across * size)),
  ];
  const target = targetOf(lowering, kernel, blocks);
  const room = scratchOf(kernel, blocks);
  const scratch = f.let(scratchStart(lowering));
  const roots = kernel.roots.filter((root) => root !== target);
  const cRow = target === null ? scratchRow(blocks) : columns;
  const c = target === null ? f.let(i32.add(scratch, room.block)) : f.local('i32', 'c');
  const targetAt = target === null ? null : addressOf(lowering, f, target.buffer, target.at.offset);
  const outerSpan = isTransposed ? columnSpan : rowSpan;
  const innerSpan = isTransposed ? rowSpan : columnSpan;
  const end = f.let(i32.add(innerSpan.from, innerSpan.count));
  const multiply = lowering.products(kernel.dtype === 'float64' ? 'f64' : 'f32').block({
    left: kernel.rows === 'packed' ? 'packed' : left.across === 1 ? 'adjoining' : 'strided',
    right: kernel.columns === 'packed' ? 'packed' : 'panels',
    rest: rows % tileRows,
  });
  walkItems(f, kernel, blocks, rest, starts, (item, [a, b]) => {
    const row = f.let(i32.add(i32.mul(item, kernel.m), outerSpan.from));
    if (targetAt !== null) {
      const element = i32.add(i32.mul(row, columns), columnSpan.from);
      f.set(c, i32.add(i32.add(targetAt.base, targetAt.offset), i32.mul(element, size)));
    }
    f.do(
      call(multiply, {
        a: a!,
        aRow: left.across * size,
        aStep: left.step * size,
        b: b!,
        bStep: right.step * size,
        // Neighbours in memory are panels as they are.
        bAcross: right.across * size * (kernel.columns === 'direct' ? width : 1),
        c,
        cRow: cRow * size,
        depth: kernel.k,
        rows: rowSpan.count,
        columns: columnSpan.count,
        packedA: i32.add(scratch, room.packedRows),
        packedB: i32.add(scratch, room.packedColumns),
      }),
    );
    if (roots.length === 0) return;
    emitEpilogue(lowering, f, kernel, roots, {
      at: c,
      rowBytes: isTransposed ? size : cRow * size,
      columnStride: isTransposed ? cRow : 1,
      row,
      rows: outerSpan.count,
      column: innerSpan.from,
      end,
    });
  });
  return blocks.chunks;
}

/** Goes through the items of the batch that belong to a chunk, with the addresses of their factors. */
function walkItems(
  f: FunctionBuilder,
  { batch, dtype }: MatmulKernel,
  { items, itemBlocks, left, right }: Blocks,
  itemBlock: Local<'i32'>,
  starts: readonly Local<'i32'>[],
  body: (item: Local<'i32'>, factors: readonly Local<'i32'>[]) => void,
): void {
  const total = batch.reduce((product, size) => product * size, 1);
  const order = batch.map((_, axis) => axis);
  const positions = [left, right].map((walk) => ({ strides: walk.batch, offset: 0 }));
  const nest = mergeAxes(batch, order, order.length, positions);
  const one = (item: Local<'i32'>): void => {
    const factors = starts.map((pointer) => f.let(pointer));
    const rest = f.let(item);
    for (let axis = nest.sizes.length - 1; axis >= 0; axis--) {
      const count = nest.sizes[axis]!;
      const index = f.let(axis === 0 ? rest : i32.remU(rest, count));
      if (axis > 0) f.set(rest, i32.divU(rest, count));
      factors.forEach((pointer, i) => {
        const step = nest.strides[i]![axis]! * byteSize(dtype);
        if (step !== 0) f.set(pointer, plus(pointer, index, step));
      });
    }
    body(item, factors);
  };
  if (items === 1) {
    one(itemBlock);
    return;
  }
  const item = f.let(i32.mul(itemBlock, items), 'item');
  const end = f.let(itemBlocks === 1 ? i32.const(total) : i32.add(item, items));
  if (itemBlocks > 1) f.set(end, select(i32.ltS(end, total), end, i32.const(total)));
  f.while(i32.ltS(item, end), () => {
    one(item);
    f.set(item, i32.add(item, 1));
  });
}
