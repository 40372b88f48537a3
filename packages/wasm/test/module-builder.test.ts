import { describe, expect, it } from 'vitest';
import { call, callIndirect, f64, i32, ModuleBuilder, v128, WasmError } from '../src/index.ts';
import { instantiate } from './instantiate.ts';

describe('ModuleBuilder', () => {
  it('writes a valid empty module', () => {
    expect(WebAssembly.validate(new ModuleBuilder().toBytes())).toBe(true);
  });

  it('imports functions, globals and a memory, in any order with its own', () => {
    const module = new ModuleBuilder();
    const counter = module.global('counter', 'i32', 40, { export: true });
    const own = module.function('own', { result: 'i32' }, (f) => f.return(counter));
    module.importMemory('env', 'memory', { min: 1, max: 3 });
    const log = module.importFunction('env', 'log', { parameters: { value: 'f64' } });
    const step = module.importGlobal('env', 'step', 'i64');
    const total = module.importGlobal('env', 'total', 'f64', { mutable: true });
    module.function('run', { export: 'main' }, (f) => {
      f.set(counter, i32.add(call(own, {}), i32.wrapI64(step)));
      f.do(call(log, { value: f64.convertI32S(counter) }));
      f.set(total, f64.add(total, 0.5));
      f.do(i32.store(0, counter));
    });
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
    const shared = new WebAssembly.Global({ value: 'f64', mutable: true }, 1);
    const seen: number[] = [];
    const env = { memory, log: (value: number) => seen.push(value), step: 2n, total: shared };
    const exports = instantiate(module, { env } as unknown as WebAssembly.Imports);
    exports.main!();
    expect([seen, shared.value, new Int32Array(memory.buffer)[0]]).toEqual([[42], 1.5, 42]);
    expect((exports.counter as unknown as WebAssembly.Global).value).toBe(42);
  });

  it('starts, and calls through tables by index', () => {
    const module = new ModuleBuilder();
    const ready = module.global('ready', 'i64', 0n, { export: true });
    module.start(module.function('begin', {}, (f) => f.set(ready, 1n)));
    const parameters = { a: 'i32', b: 'i32' } as const;
    const add = module.function('add', { parameters, result: 'i32' }, (f, { a, b }) =>
      f.return(i32.add(a, b)),
    );
    const sub = module.function('sub', { parameters, result: 'i32' }, (f, { a, b }) =>
      f.return(i32.sub(a, b)),
    );
    const nothing = module.function('nothing', {}, () => {});
    module.table([nothing]);
    const table = module.table([add, sub, nothing], { export: 'table' });
    const options = { parameters: { which: 'i32', ...parameters }, result: 'i32', export: true } as const;
    module.function('apply', options, (f, { which, a, b }) =>
      f.return(callIndirect(table, which, add, { a, b })),
    );
    const exports = instantiate(module);
    expect((exports.ready as unknown as WebAssembly.Global).value).toBe(1n);
    expect([exports.apply!(0, 7, 5), exports.apply!(1, 7, 5)]).toEqual([12, 2]);
    expect(() => exports.apply!(2, 7, 5)).toThrow(WebAssembly.RuntimeError);
    expect((exports.table as unknown as WebAssembly.Table).length).toBe(3);
  });

  it('names its functions in stack traces', () => {
    const module = new ModuleBuilder();
    const inner = module.function('innermost_trap', {}, (f) => f.unreachable());
    module.function('run', { export: true }, (f) => f.do(call(inner, {})));
    let stack = '';
    try {
      instantiate(module).run!();
    } catch (error) {
      stack = (error as Error).stack ?? '';
    }
    expect(stack).toContain('innermost_trap');
  });

  it('prints the text form', () => {
    const module = new ModuleBuilder();
    module.memory({ min: 1, max: 2, shared: true, export: 'memory' });
    module.global('scale', 'f64', -0);
    module.function('fill', { parameters: { n: 'i32' }, result: 'i32', export: true }, (f, { n }) => {
      const i = f.local('i32', 'i');
      f.for(i, { to: n }, () => f.do(v128.store(i32.shl(i, 4), v128.load(0, 0, 1), 32)));
      f.if(
        n,
        () => f.return(i),
        () => f.return(-1),
      );
    });
    expect(module.toText()).toMatchInlineSnapshot(`
      "(module
        (memory 1 2 shared)
        (global $scale (mut f64) (f64.const -0))
        (func $fill (param $n i32) (result i32)
          (local $i i32)
          (local.set $i (i32.const 0))
          (if $if_0
            (i32.lt_s (local.get $i) (local.get $n))
            (then
              (loop $loop_1
                (v128.store offset=32
                  (i32.shl (local.get $i) (i32.const 4))
                  (v128.load align=1 (i32.const 0)))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $loop_1 (i32.lt_s (local.get $i) (local.get $n))))))
          (if $if_2
            (local.get $n)
            (then
              (return (local.get $i)))
            (else
              (return (i32.const -1))))
          (unreachable))
        (export "memory" (memory 0))
        (export "fill" (func 0)))"
    `);
  });

  it('refuses what would not validate', () => {
    const module = new ModuleBuilder();
    module.memory({ min: 1, export: 'memory' });
    const declared = module.declare('declared', { result: 'i32' });
    const fixed = module.global('fixed', 'i32', 1, { mutable: false });
    const other = new ModuleBuilder().function('other', {}, () => {});
    expect(() => module.memory({ min: 1 })).toThrow('memory(): the module has a memory already.');
    expect(() => new ModuleBuilder().memory({ min: 1, shared: true })).toThrow('a shared memory needs max');
    expect(() => new ModuleBuilder().memory({ min: 3, max: 2 })).toThrow(WasmError);
    expect(() => module.declare('declared')).toThrow('ModuleBuilder: the name declared is taken.');
    expect(() => module.declare('two words')).toThrow('hold no spaces');
    expect(() => module.declare('p', { parameters: { 0: 'i32' } })).toThrow("p: a parameter's name must be");
    expect(() => module.table([], { export: 'memory' })).toThrow('an export called memory exists already');
    expect(() => new ModuleBuilder().function('set', {}, (f) => f.set(fixed, 2))).toThrow(
      'the global fixed is not mutable',
    );
    expect(() => module.start(declared as never)).toThrow(
      'start(): a function without parameters and result',
    );
    expect(() => call(declared, { x: 1 } as never)).toThrow('call(): declared has the parameters [], got x.');
    const needs = module.declare('needs', { parameters: { x: 'i32' } });
    expect(() => call(needs, {} as never)).toThrow('call(): the argument x of needs is missing.');
    expect(() => module.define(other, () => {})).toThrow('define(): other is not a declared function');
    expect(() => module.toBytes()).toThrow('toBytes(): the function declared is declared and has no body');
    module.define(declared, (f) => f.return(1));
    module.define(needs, (f) => f.do(call(other, {})));
    expect(() => module.define(declared, (f) => f.return(1))).toThrow(
      'define(): declared has a body already.',
    );
    expect(() => module.toBytes()).toThrow('call(): other is not of this module.');
  });
});
