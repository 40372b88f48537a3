import {
  call,
  f64,
  i32,
  select,
  type Expression,
  type FunctionBuilder,
  type FunctionHandle,
  type ModuleBuilder,
} from '@nadir/wasm';

type Unary = FunctionHandle<{ readonly x: 'f64' }, 'f64'>;
type Binary = FunctionHandle<{ readonly x: 'f64'; readonly y: 'f64' }, 'f64'>;

const unaryNames = ['exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'tanh', 'erf'] as const;
const binaryNames = ['pow', 'atan2', 'remainder'] as const;
export type UnaryMath = (typeof unaryNames)[number];
export type BinaryMath = (typeof binaryNames)[number];

/** Functions of double precision that a module takes from the engine. */
export interface ScalarMath {
  readonly unary: (name: UnaryMath, x: Expression<'f64'>) => Expression<'f64'>;
  readonly binary: (name: BinaryMath, x: Expression<'f64'>, y: Expression<'f64'>) => Expression<'f64'>;
}

/** Math.pow, but with 1 for 1^NaN and (±1)^±∞, as in C and torch. */
function power(a: number, b: number): number {
  return a === 1 || (a === -1 && (b === Infinity || b === -Infinity)) ? 1 : a ** b;
}

/** The sign of the divisor. */
function remainder(a: number, b: number): number {
  const r = a % b;
  return r !== 0 && r < 0 !== b < 0 ? r + b : r;
}

/** What {@link declareScalarMath} imports. */
export function scalarMathImports(
  erf: (x: number) => number,
): Record<UnaryMath | BinaryMath, (...x: number[]) => number> {
  return {
    exp: Math.exp,
    expm1: Math.expm1,
    log: Math.log,
    log1p: Math.log1p,
    sin: Math.sin,
    cos: Math.cos,
    tanh: Math.tanh,
    erf: (x) => erf(x!),
    pow: (x, y) => power(x!, y!),
    atan2: (x, y) => Math.atan2(x!, y!),
    remainder: (x, y) => remainder(x!, y!),
  };
}

/**
 * Double precision comes from the engine's own functions, the very ones that eager uses: equal to its results to the
 * last bit. V8 calls those of C directly. Loops of float32 do not come here but for angles of thousands of turns.
 */
export function declareScalarMath(module: ModuleBuilder): ScalarMath {
  const unary = new Map<UnaryMath, Unary>();
  const binary = new Map<BinaryMath, Binary>();
  for (const name of unaryNames)
    unary.set(name, module.importFunction('math', name, { parameters: { x: 'f64' }, result: 'f64' }));
  for (const name of binaryNames)
    binary.set(
      name,
      module.importFunction('math', name, { parameters: { x: 'f64', y: 'f64' }, result: 'f64' }),
    );
  return {
    unary: (name, x) => call(unary.get(name)!, { x }),
    binary: (name, x, y) => call(binary.get(name)!, { x, y }),
  };
}

/** −1, 0 or 1 with the sign of x; x itself for ±0 and NaN. */
export function signOf(f: FunctionBuilder, x: Expression<'f64'>): Expression<'f64'> {
  const value = f.let(x);
  const isNonZero = i32.or(f64.lt(value, 0), f64.gt(value, 0));
  return select(isNonZero, f64.copysign(f64.const(1), value), value);
}
