import { expect, it } from 'vitest';
import {
  atomic,
  call,
  callIndirect,
  f32,
  f32x4,
  f64,
  i32,
  i64,
  i8x16,
  memory,
  ModuleBuilder,
  v128,
} from '../src/index.ts';

it('prints every kind of part and immediate', () => {
  const module = new ModuleBuilder();
  const log = module.importFunction('env', 'log', { parameters: { x: 'f32' } });
  module.importMemory('env', 'memory', { min: 1, max: 9, shared: true });
  const base = module.importGlobal('env', 'base', 'i32');
  const count = module.global('count', 'i64', -3n, { export: true });
  const part = module.data(Uint8Array.of(1, 2));
  module.data(Uint8Array.of(3), 64);
  const double = module.function('double', { parameters: { x: 'f64' }, result: 'f64' }, (f, { x }) =>
    f.return(f64.add(x, x)),
  );
  module.table([]);
  const table = module.table([double]);
  module.start(module.declare('begin'));
  module.function('all', { export: 'main' }, (f) => {
    const first = f.local('v128', 'v');
    const again = f.local('v128', 'v');
    f.set(first, i8x16.shuffle(first, again, [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 31]));
    f.set(again, f32x4.replaceLane(f32x4.const(1, 2, -1, 0), 3, f32x4.extractLane(first, 2)));
    f.do(v128.store32Lane(base, again, 1, 12, 2), memory.init(part, 0, 0, 2), memory.copy(0, 8, 4));
    f.do(atomic.fence(), call(log, { x: NaN }), call(log, { x: -Infinity }), call(log, { x: Infinity }));
    f.do(call(log, { x: f32.const(1e-10) }));
    f.drop(callIndirect(table, 0, double, { x: -0 }));
    f.set(count, i64.add(count, 1));
    f.block((out) => {
      f.loop((again_) => f.switch(i32.load8U(base), [again_], out), 'spin');
    }, 'out');
  });
  expect(module.toText()).toMatchInlineSnapshot(`
    "(module
      (import "env" "log" (func $log (param $x f32)))
      (memory (import "env" "memory") 1 9 shared)
      (global $base (import "env" "base") i32)
      (global $count (mut i64) (i64.const -3))
      (table funcref (elem ))
      (table funcref (elem $double))
      (data $0 (; 2 bytes ;))
      (data $1 (i32.const 64) (; 1 bytes ;))
      (func $double (param $x f64) (result f64)
        (return (f64.add (local.get $x) (local.get $x))))
      (func $begin)
      (func $all
        (local $v v128)
        (local $v_1 v128)
        (local.set $v
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 31 (local.get $v) (local.get $v_1)))
        (local.set $v_1
          (f32x4.replace_lane 3
            (v128.const i32x4 0x3f800000 0x40000000 0xbf800000 0x0)
            (f32x4.extract_lane 2 (local.get $v))))
        (v128.store32_lane offset=12 align=2 1 (global.get $base) (local.get $v_1))
        (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 2))
        (memory.copy (i32.const 0) (i32.const 8) (i32.const 4))
        (atomic.fence)
        (call $log (f32.const nan))
        (call $log (f32.const -inf))
        (call $log (f32.const inf))
        (call $log (f32.const 1e-10))
        (drop (call_indirect 1 (param f64) (result f64) (f64.const -0) (i32.const 0)))
        (global.set $count (i64.add (global.get $count) (i64.const 1)))
        (block $out
          (loop $spin
            (br_table $spin $out (i32.load8_u (global.get $base))))))
      (export "count" (global 1))
      (export "main" (func 3))
      (start $begin))"
  `);
});
