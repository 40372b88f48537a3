import { describe, expect, it } from 'vitest';
import {
  call,
  f32,
  f32x4,
  i32,
  i64,
  ModuleBuilder,
  select,
  WasmError,
  type Label,
  type Local,
} from '../src/index.ts';
import { instantiate } from './instantiate.ts';

describe('control flow', () => {
  it('counts in for loops of any start and step', () => {
    const module = new ModuleBuilder();
    const parameters = { from: 'i32', to: 'i32' } as const;
    module.function('sum', { parameters, result: 'i32', export: true }, (f, { from, to }) => {
      const [i, sum] = [f.local('i32', 'i'), f.local('i32', 'sum')];
      f.for(i, { from, to, step: 3 }, () => f.set(sum, i32.add(sum, i)));
      f.return(sum);
    });
    const { sum } = instantiate(module);
    const plain = (from: number, to: number): number => {
      let total = 0;
      for (let i = from; i < to; i += 3) total += i;
      return total;
    };
    for (const [from, to] of [
      [0, 0],
      [0, 1],
      [0, 10],
      [-7, 9],
      [5, 2],
    ] as const) {
      expect(sum!(from, to)).toBe(plain(from, to));
    }
  });

  it('nests while, block, loop, branches out and back', () => {
    // The number of steps to 1 in Collatz's sequence, given up after a limit.
    const module = new ModuleBuilder();
    const parameters = { n: 'i32', limit: 'i32' } as const;
    module.function('collatz', { parameters, result: 'i32', export: true }, (f, { n, limit }) => {
      const steps = f.local('i32', 'steps');
      f.block((done) => {
        f.loop((again) => {
          f.branch(done, i32.eq(n, 1));
          f.if(
            i32.and(n, 1),
            () => f.set(n, i32.add(i32.mul(n, 3), 1)),
            () => f.set(n, i32.shrU(n, 1)),
          );
          f.set(steps, i32.add(steps, 1));
          f.if(i32.geS(steps, limit), () => f.return(-1));
          f.branch(again);
        });
      });
      f.return(steps);
    });
    module.function('log2', { parameters: { n: 'i32' }, result: 'i32', export: true }, (f, { n }) => {
      const result = f.let(i32.const(0));
      f.while(i32.gtU(n, 1), () => {
        f.set(n, i32.shrU(n, 1));
        f.set(result, i32.add(result, 1));
      });
      f.return(result);
    });
    const { collatz, log2 } = instantiate(module);
    expect([collatz!(1, 10), collatz!(6, 100), collatz!(27, 1000), collatz!(27, 10)]).toEqual([
      0, 8, 111, -1,
    ]);
    expect([log2!(0), log2!(1), log2!(1000)]).toEqual([0, 0, 9]);
  });

  it('switches by index', () => {
    const module = new ModuleBuilder();
    module.function('pick', { parameters: { i: 'i32' }, result: 'i32', export: true }, (f, { i }) => {
      f.block((other) => {
        f.block((two) => {
          f.block((one) => f.switch(i, [one, two], other));
          f.return(10);
        });
        f.return(20);
      });
      f.return(30);
    });
    const { pick } = instantiate(module);
    expect([0, 1, 2, -1].map((i) => pick!(i))).toEqual([10, 20, 30, 30]);
  });

  it('sees that every path returns', () => {
    const module = new ModuleBuilder();
    module.function('sign', { parameters: { x: 'f32' }, result: 'i32', export: true }, (f, { x }) => {
      f.if(
        f32.lt(x, 0),
        () => f.return(-1),
        () => f.return(1),
      );
    });
    module.function('forever', { result: 'i32', export: true }, (f) => {
      f.loop((again) => f.branch(again));
    });
    module.function('trap', { result: 'i32', export: true }, (f) => f.unreachable());
    const { sign, trap } = instantiate(module);
    expect([sign!(-2), sign!(2)]).toEqual([-1, 1]);
    expect(() => trap!()).toThrow(WebAssembly.RuntimeError);
  });

  it('selects, tees, drops and recurses', () => {
    const module = new ModuleBuilder();
    const factorial = module.declare('factorial', { parameters: { n: 'i64' }, result: 'i64', export: true });
    module.define(factorial, (f, { n }) => {
      f.if(i64.leS(n, 1), () => f.return(1n));
      f.return(i64.mul(n, call(factorial, { n: i64.sub(n, 1) })));
    });
    module.function(
      'max',
      { parameters: { a: 'i32', b: 'i32' }, result: 'i32', export: true },
      (f, { a, b }) => {
        const copy = f.local('i32');
        f.drop(f.tee(copy, a));
        f.return(select(i32.gtS(copy, b), copy, b));
      },
    );
    const { factorial: run, max } = instantiate(module);
    expect([run!(20n), max!(3, -4), max!(3, 4)]).toEqual([2_432_902_008_176_640_000n, 3, 4]);
  });

  it('holds each constant in one local from the start on', () => {
    const module = new ModuleBuilder();
    module.function('dot', { parameters: { n: 'i32' }, result: 'f32', export: true }, (f, { n }) => {
      const sum = f.local('v128');
      f.for(f.local('i32'), { to: n }, () => {
        const step = f.constant(f32x4.const(1, 2, -0, 4));
        expect(f.constant(f32x4.const(1, 2, -0, 4))).toBe(step);
        expect(f.constant(f32x4.const(1, 2, 0, 4))).not.toBe(step);
        f.set(sum, f32x4.add(sum, step));
      });
      // A scalar of the same bits is another constant.
      f.return(f32.mul(f32x4.extractLane(sum, 1), f.constant(f32.const(0.5))));
    });
    expect(instantiate(module).dot!(5)).toBe(5);
  });
});

describe('misuse', () => {
  const broken = (body: Parameters<ModuleBuilder['function']>[2]): (() => void) => {
    return () => void new ModuleBuilder().function('broken', { parameters: { n: 'i32' } }, body as never);
  };

  it('names the operand of a wrong type', () => {
    expect(() => i32.add(f32.const(1) as never, 2)).toThrow(
      'i32.add(): operand 1 must be i32, got f32 from f32.const.',
    );
    expect(() => i32.add(1, undefined as never)).toThrow('i32.add(): operand 2 must be i32, got undefined.');
    expect(() => (i32.add as (...values: number[]) => unknown)(1, 2, 3)).toThrow(
      '2 operands are required, got 3',
    );
    expect(broken((f) => f.set(f.local('f32', 'x'), i32.const(1) as never))).toThrow(
      'set() of x: operand 1 must be f32, got i32 from i32.const.',
    );
    expect(() => select(1, i32.const(1), f32.const(1) as never)).toThrow(
      'select(): operand 3 must be i32, got f32',
    );
  });

  it('names constants that do not fit', () => {
    expect(() => i32.const(2 ** 32)).toThrow(
      'i32.const(): an integer in [-2^31, 2^32) is required, got 4294967296.',
    );
    expect(() => i32.add(1.5, 1)).toThrow('got 1.5');
    expect(() => i64.const(2 ** 53)).toThrow('Hint: pass a bigint.');
    expect(() => i64.const(1n << 64n)).toThrow('i64.const()');
    expect(() => f32.const(1n as never)).toThrow('f32.const(): a number is required, got the bigint 1.');
  });

  it('refuses locals of another function', () => {
    const module = new ModuleBuilder();
    const stolen: Local<'i32'>[] = [];
    module.function('first', {}, (f) => void stolen.push(f.local('i32', 'mine')));
    expect(() => module.function('second', {}, (f) => f.set(f.local('i32'), i32.add(stolen[0]!, 1)))).toThrow(
      'second: the local mine belongs to another function.',
    );
  });

  it('refuses branches to constructs that do not surround them', () => {
    expect(
      broken((f) => {
        const left: Label[] = [];
        f.block((label) => void left.push(label), 'gone');
        f.branch(left[0]!);
      }),
    ).toThrow('broken: branch(): the label gone must be of a construct around the branch.');
  });

  it('refuses values as statements, missing and superfluous results', () => {
    expect(broken((f) => f.do(i32.const(1) as never))).toThrow(
      'broken: do(): a statement without value is required, got i32 from i32.const. Hint: drop().',
    );
    expect(broken((f) => (f.return as (value: number) => void)(1))).toThrow(
      'the function has no result, got a value',
    );
    const module = new ModuleBuilder();
    expect(() => module.function('open', { result: 'i32' }, (f) => f.if(1, () => f.return(1)))).toThrow(
      'open: the body must return i32 on every path, got an end that can be reached. Hint: return().',
    );
    expect(() =>
      module.function('left', { result: 'i32' }, (f) => f.block((out) => f.branch(out, 1))),
    ).toThrow(WasmError);
  });

  it('refuses to hold what is not constant', () => {
    expect(broken((f) => f.constant(i32.add(1, 2)))).toThrow(
      'constant(): a constant is required, got i32.add.',
    );
  });

  it('refuses a step that is not positive', () => {
    expect(broken((f) => f.for(f.local('i32'), { to: 5, step: 0 }, () => {}))).toThrow(
      'for(): the step must be',
    );
  });
});
