import { features } from '../features.ts';
import { ModuleBuilder } from '../module-builder.ts';
import { WasmError } from '../wasm-error.ts';
import { DEPTH_BLOCK, emitGemm } from './kernel.ts';
import { smallGemm } from './small-gemm.ts';
import { copyRows, stage } from './staging.ts';

/** An ordinary host array of a float type. */
export type FloatArray = Float32Array | Float64Array;

/** One matrix product, or a batch of them: C[m,n] = A[m,k]·B[k,n]; all offsets and strides count elements. */
export interface GemmOptions<T extends FloatArray = FloatArray> {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Products in the batch; default 1. */
  readonly batch?: number;
  readonly a: T;
  readonly aOffset: number;
  readonly aRowStride: number;
  readonly aColumnStride: number;
  /** Default 0: the same A for the whole batch. */
  readonly aBatchStride?: number;
  readonly b: T;
  readonly bOffset: number;
  readonly bRowStride: number;
  readonly bColumnStride: number;
  /** Default 0: the same B for the whole batch. */
  readonly bBatchStride?: number;
  /** Receives [batch, m, n], dense; must not overlap A or B. */
  readonly c: T;
  readonly cOffset: number;
  /** Adds to C instead of replacing it; default false. */
  readonly accumulate?: boolean;
}

/** Matrix products over host arrays. */
export interface Gemm {
  /** Throws `WasmError` for mixed float types, a negative or fractional size, or operands that reach outside their arrays. */
  readonly multiply: <T extends FloatArray>(options: GemmOptions<T>) => void;
}

/** Up to this m·n·k the plain loops are faster than the copies and the call. */
const SMALL = 256;

/** A dot product and a scaled vector use each element once: copying them costs more than the product. */
function isSmall(m: number, n: number, k: number): boolean {
  return m * n * k <= SMALL || m * n === 1 || (k === 1 && (m === 1 || n === 1));
}
/** Elements of one staged operand at most, 4 MiB of float32. */
const STAGED_ELEMENTS = 2 ** 20;
/** A side of a staged block may always be this long. */
const STAGED_SIDE = 1024;
const PAGE = 65_536;

/**
 * Makes a matrix multiplier: packed SIMD kernels in WebAssembly for the large products, plain loops for the small ones.
 *
 * Its memory (at most about 14 MiB for float32, twice that for float64) and its code come into being at the first large product. Without WebAssembly
 * SIMD the plain loops do all.
 *
 * Error bound, with u = 2⁻²⁴ (float32) or 2⁻⁵³: |C − Ĉ| ≤ (min(k, 256) + ⌈k/256⌉ + 1)·u·|A|·|B| + O(u²), elementwise (Higham, "Accuracy and
 * Stability of Numerical Algorithms", §3.1). One shape gives the same bits on every call.
 *
 * @example
 * ```ts
 * import { createGemm } from '@nadir/wasm';
 *
 * const c = new Float32Array(4);
 * createGemm().multiply({
 *   ...{ m: 2, n: 2, k: 3 },
 *   ...{ a: Float32Array.of(1, 2, 3, 4, 5, 6), aOffset: 0, aRowStride: 3, aColumnStride: 1 },
 *   ...{ b: Float32Array.of(1, 0, 0, 1, 1, 1), bOffset: 0, bRowStride: 2, bColumnStride: 1 },
 *   ...{ c, cOffset: 0 },
 * });
 * c.join(' '); // => 4 5 10 11
 * ```
 */
export function createGemm(): Gemm {
  let single: Multiplier | undefined;
  let double: Multiplier | undefined;
  return {
    multiply: <T extends FloatArray>(options: GemmOptions<T>): void => {
      const { m, n, k, a, b, c, aBatchStride = 0, bBatchStride = 0, batch = 1, accumulate = false } = options;
      check(options);
      const size = m * n;
      if (size === 0 || batch === 0) return;
      if (k === 0) {
        if (!accumulate) c.fill(0, options.cOffset, options.cOffset + batch * size);
        return;
      }
      if (isSmall(m, n, k) || !features().simd) {
        for (let index = 0; index < batch; index++) {
          smallGemm(
            m,
            n,
            k,
            a,
            options.aOffset + index * aBatchStride,
            options.aRowStride,
            options.aColumnStride,
            b,
            options.bOffset + index * bBatchStride,
            options.bRowStride,
            options.bColumnStride,
            c,
            options.cOffset + index * size,
            accumulate,
          );
        }
        return;
      }
      const multiplier =
        a.BYTES_PER_ELEMENT === 4 ? (single ??= new Multiplier('f32')) : (double ??= new Multiplier('f64'));
      // A batch over one B is one taller product.
      if (batch > 1 && bBatchStride === 0 && aBatchStride === m * options.aRowStride) {
        multiplier.multiply(
          options,
          batch * m,
          options.aOffset,
          options.bOffset,
          options.cOffset,
          accumulate,
        );
        return;
      }
      for (let index = 0; index < batch; index++) {
        const aOffset = options.aOffset + index * aBatchStride;
        const bOffset = options.bOffset + index * bBatchStride;
        multiplier.multiply(options, m, aOffset, bOffset, options.cOffset + index * size, accumulate);
      }
    },
  };
}

function check(options: GemmOptions): void {
  const { m, n, k, a, b, c, batch = 1 } = options;
  if (!(isCount(m) && isCount(n) && isCount(k) && isCount(batch))) {
    throw new WasmError(
      `multiply(): sizes must be non-negative integers, got m ${m}, n ${n}, k ${k}, batch ${batch}.`,
    );
  }
  // The tag names the type in every realm, which the constructor does not.
  const tag: string = a[Symbol.toStringTag];
  const float = tag === 'Float32Array' || tag === 'Float64Array';
  if (!float || tag !== b[Symbol.toStringTag] || tag !== c[Symbol.toStringTag]) {
    const names = [a, b, c].map((array) => array[Symbol.toStringTag]).join(', ');
    throw new WasmError(`multiply(): A, B and C must be of one float type, got ${names}.`);
  }
  if (m === 0 || n === 0 || batch === 0) return;
  const cEnd = options.cOffset + batch * m * n;
  if (!(options.cOffset >= 0 && cEnd <= c.length)) {
    throw new WasmError(
      `multiply(): C needs [${options.cOffset}, ${cEnd}) of its array, got ${c.length} elements.`,
    );
  }
  if (k === 0) return;
  checkReach(
    'A',
    a,
    options.aOffset,
    m,
    options.aRowStride,
    k,
    options.aColumnStride,
    batch,
    options.aBatchStride,
  );
  checkReach(
    'B',
    b,
    options.bOffset,
    k,
    options.bRowStride,
    n,
    options.bColumnStride,
    batch,
    options.bBatchStride,
  );
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}

function checkReach(
  name: string,
  array: FloatArray,
  offset: number,
  rows: number,
  rowStride: number,
  columns: number,
  columnStride: number,
  batch: number,
  batchStride = 0,
): void {
  const [row, column, item] = [
    (rows - 1) * rowStride,
    (columns - 1) * columnStride,
    (batch - 1) * batchStride,
  ];
  const first = offset + Math.min(row, 0) + Math.min(column, 0) + Math.min(item, 0);
  const last = offset + Math.max(row, 0) + Math.max(column, 0) + Math.max(item, 0);
  if (!(first >= 0 && last < array.length)) {
    throw new WasmError(
      `multiply(): ${name} reaches [${first}, ${last}] of its array, got ${array.length} elements.`,
    );
  }
}

type Kernel = (
  m: number,
  n: number,
  k: number,
  a: number,
  aRowStride: number,
  aColumnStride: number,
  b: number,
  bRowStride: number,
  bColumnStride: number,
  c: number,
  cRowStride: number,
  accumulate: number,
  scratch: number,
) => void;

/** One float type's kernel with its private memory: scratch first, then the staged A, B and C. */
class Multiplier {
  readonly #memory: WebAssembly.Memory;
  readonly #kernel: Kernel;
  readonly #scratchBytes: number;
  readonly #size: 4 | 8;
  // Only `#reserve` grows this memory, and it renews the view: no stale view can be met.
  #view: FloatArray;

  constructor(type: 'f32' | 'f64') {
    const module = new ModuleBuilder();
    const { scratchBytes } = emitGemm(module, { type, name: 'gemm', export: true });
    module.memory({ min: Math.ceil(scratchBytes / PAGE), export: 'memory' });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
    this.#memory = exports.memory as WebAssembly.Memory;
    this.#kernel = exports.gemm as Kernel;
    this.#scratchBytes = Math.ceil(scratchBytes / 16) * 16;
    this.#size = type === 'f32' ? 4 : 8;
    this.#view = this.#fresh();
  }

  #fresh(): FloatArray {
    const { buffer } = this.#memory;
    return this.#size === 4 ? new Float32Array(buffer) : new Float64Array(buffer);
  }

  #reserve(elements: number): FloatArray {
    const missing = this.#scratchBytes + elements * this.#size - this.#view.byteLength;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / PAGE));
      this.#view = this.#fresh();
    }
    return this.#view;
  }

  multiply(
    options: GemmOptions,
    m: number,
    aOffset: number,
    bOffset: number,
    cOffset: number,
    accumulate: boolean,
  ): void {
    const { n, k, a, aRowStride, aColumnStride, b, bRowStride, bColumnStride, c } = options;
    const { mBlock, nBlock, kBlock } = stagedBlocks(m, n, k);
    const [aElements, bElements] = [mBlock * kBlock, kBlock * nBlock];
    const view = this.#reserve(aElements + bElements + mBlock * nBlock + 12);
    // In elements; each begins at a multiple of 16 bytes.
    const aAt = this.#scratchBytes / this.#size;
    const bAt = aAt + Math.ceil(aElements / 4) * 4;
    const cAt = bAt + Math.ceil(bElements / 4) * 4;
    for (let column = 0; column < n; column += nBlock) {
      const columns = Math.min(nBlock, n - column);
      for (let row = 0; row < m; row += mBlock) {
        const rows = Math.min(mBlock, m - row);
        const cHost = cOffset + row * n + column;
        if (accumulate) copyRows(view, cAt, c, cHost, rows, columns, n, true);
        for (let depth = 0; depth < k; depth += kBlock) {
          const depths = Math.min(kBlock, k - depth);
          const aFrom = aOffset + row * aRowStride + depth * aColumnStride;
          const bFrom = bOffset + depth * bRowStride + column * bColumnStride;
          const aStaged = stage(view, aAt, a, aFrom, rows, depths, aRowStride, aColumnStride);
          const bStaged = stage(view, bAt, b, bFrom, depths, columns, bRowStride, bColumnStride);
          this.#kernel(
            rows,
            columns,
            depths,
            aAt * this.#size,
            aStaged.rowStride,
            aStaged.columnStride,
            bAt * this.#size,
            bStaged.rowStride,
            bStaged.columnStride,
            cAt * this.#size,
            columns,
            accumulate || depth > 0 ? 1 : 0,
            0,
          );
        }
        copyRows(view, cAt, c, cHost, rows, columns, n, false);
      }
    }
  }
}

/**
 * Sizes of the blocks that are staged at a time, from the shape alone: sides up to 1,024, longer where the other sides
 * are short, no operand above `STAGED_ELEMENTS`. Blocks of k are whole summation blocks, so they leave the bits alone.
 */
export function stagedBlocks(
  m: number,
  n: number,
  k: number,
): { readonly mBlock: number; readonly nBlock: number; readonly kBlock: number } {
  const [nSide, kSide] = [Math.min(n, STAGED_SIDE), Math.min(k, STAGED_SIDE)];
  const longest = (whole: number, least: number, other: number, multiple: number): number =>
    Math.min(whole, Math.max(least, Math.floor(STAGED_ELEMENTS / other / multiple) * multiple));
  const mBlock = longest(m, Math.min(m, STAGED_SIDE), Math.max(nSide, kSide), 96);
  const nBlock = longest(n, nSide, Math.max(mBlock, kSide), 16);
  const kBlock = longest(k, kSide, Math.max(mBlock, nBlock), DEPTH_BLOCK);
  return { mBlock, nBlock, kBlock };
}
