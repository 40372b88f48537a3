import { erf, record, tensor, type Tensor } from '@nadir/tensor';
import { wasmExecutor } from '../../src/index.ts';

/** Units in the last place of float32 at `x`; the spacing of subnormal numbers below the normal ones. */
function ulp(x: number): number {
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(x) || 2 ** -126)));
  return 2 ** (exponent - 23);
}

/** Every `stride`-th of all float32 numbers, NaN and infinities included. */
function sweep(stride: number): Float32Array {
  const count = Math.floor(2 ** 32 / stride);
  const bits = Uint32Array.from({ length: count }, (_, i) => i * stride);
  return new Float32Array(bits.buffer);
}

function evaluate(xs: Float32Array, body: (x: Tensor) => Tensor): Float32Array {
  const { program, state } = record([{ shape: [xs.length], dtype: 'float32' }], (x) => [body(x!)]);
  const loaded = wasmExecutor.load(program);
  const [y] = loaded.run([tensor(xs)], state);
  loaded.dispose();
  return y!.data as Float32Array;
}

/** The largest error in ulps, and where; an infinity or NaN must be met exactly. */
function worst(
  xs: Float32Array,
  ys: Float32Array,
  exact: (x: number) => number,
): { ulps: number; at: number } {
  let ulps = 0;
  let at = 0;
  for (let i = 0; i < xs.length; i++) {
    const want = exact(xs[i]!);
    const got = ys[i]!;
    const rounded = Math.fround(want);
    if (Object.is(got, rounded) || (got === rounded && got === 0)) continue;
    const isFinite = Number.isFinite(rounded) && Number.isFinite(got);
    // One step below the overflow threshold counts as an error of one ulp, not of infinity.
    const error = isFinite
      ? Math.abs(got - want) / ulp(want)
      : Number.isNaN(got) !== Number.isNaN(want)
        ? NaN
        : Infinity;
    if (!(error <= ulps)) {
      ulps = error;
      at = xs[i]!;
    }
  }
  return { ulps, at };
}

const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

const functions: Readonly<
  Record<string, readonly [body: (x: Tensor) => Tensor, exact: (x: number) => number]>
> = {
  exp: [(x) => x.exp(), Math.exp],
  log: [(x) => x.log(), Math.log],
  tanh: [(x) => x.tanh(), Math.tanh],
  sigmoid: [(x) => x.sigmoid(), sigmoid],
  sin: [(x) => x.sin(), Math.sin],
  cos: [(x) => x.cos(), Math.cos],
  erf: [(x) => x.erf(), (x) => erf(tensor(x, { dtype: 'float64' })).item()],
};

/** The largest error, in units in the last place, of a vector function over a sweep of all float32 numbers. */
export function largestError(name: string): { ulps: number; at: number } {
  const [body, exact] = functions[name]!;
  // The exact error function is that of tensors, and slow.
  const xs = sweep(name === 'erf' ? 40_009 : 2_003);
  return worst(xs, evaluate(xs, body), exact);
}
