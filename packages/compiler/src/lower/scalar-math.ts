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

const unaryNames = ['exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'tanh', 'erf'] as const;
export type UnaryMath = (typeof unaryNames)[number];
export type BinaryMath = 'pow' | 'atan2' | 'remainder';

/** Functions of double precision that a module takes from the engine. */
export interface ScalarMath {
  /** Set where code comes to depend on a function that only the caller's thread has. */
  isHostOnly: boolean;
  readonly unary: (name: UnaryMath, x: Expression<'f64'>) => Expression<'f64'>;
  readonly binary: (name: BinaryMath, x: Expression<'f64'>, y: Expression<'f64'>) => Expression<'f64'>;
}

/**
 * What {@link declareScalarMath} imports: most of it is `Math` itself, so that a thread needs nothing else. Only the caller's
 * thread has `erf`.
 */
export function scalarMathImports(erf: (x: number) => number): WebAssembly.Imports {
  return {
    math: Math as unknown as WebAssembly.ModuleImports,
    host: { erf, fmod: (x: number, y: number) => x % y },
  };
}

/**
 * Double precision comes from the engine's own functions, the very ones that eager uses: equal to its results to the
 * last bit. V8 calls those of C directly. Loops of float32 do not come here but for angles of thousands of turns.
 */
export function declareScalarMath(module: ModuleBuilder): ScalarMath {
  const unary = new Map<UnaryMath, Unary>();
  const xs = { x: 'f64' } as const;
  const pairs = { x: 'f64', y: 'f64' } as const;
  for (const name of unaryNames)
    unary.set(
      name,
      module.importFunction(name === 'erf' ? 'host' : 'math', name, { parameters: xs, result: 'f64' }),
    );
  const atan2 = module.importFunction('math', 'atan2', { parameters: pairs, result: 'f64' });
  const rawPower = module.importFunction('math', 'pow', { parameters: pairs, result: 'f64' });
  const fmod = module.importFunction('host', 'fmod', { parameters: pairs, result: 'f64' });
  // Math.pow, but with 1 for 1^NaN and (±1)^±∞, as in C and torch.
  const pow = module.function('power', { parameters: pairs, result: 'f64' }, (f, { x, y }) => {
    const isOne = i32.or(f64.eq(x, 1), i32.and(f64.eq(x, -1), f64.eq(f64.abs(y), Infinity)));
    f.return(select(isOne, f64.const(1), call(rawPower, { x, y })));
  });
  // With the sign of the divisor.
  const remainder = module.function('remainder', { parameters: pairs, result: 'f64' }, (f, { x, y }) => {
    const rest = f.let(call(fmod, { x, y }));
    const isOpposite = i32.ne(f64.lt(rest, 0), f64.lt(y, 0));
    const isOff = i32.and(f64.ne(rest, 0), isOpposite);
    f.return(select(isOff, f64.add(rest, y), rest));
  });
  const binary = { pow, atan2, remainder };
  const math: ScalarMath = {
    isHostOnly: false,
    unary: (name, x) => {
      if (name === 'erf') math.isHostOnly = true;
      return call(unary.get(name)!, { x });
    },
    binary: (name, x, y) => call(binary[name], { x, y }),
  };
  return math;
}

/** −1, 0 or 1 with the sign of x; x itself for ±0 and NaN. */
export function signOf(f: FunctionBuilder, x: Expression<'f64'>): Expression<'f64'> {
  const value = f.let(x);
  const isNonZero = i32.or(f64.lt(value, 0), f64.gt(value, 0));
  return select(isNonZero, f64.copysign(f64.const(1), value), value);
}
