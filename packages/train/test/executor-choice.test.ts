import { afterEach, expect, it, vi } from 'vitest';
import { wasmExecutor } from '@nadir/compiler';
import { Linear } from '@nadir/nn';
import { SGD } from '@nadir/optimizers';
import { eagerExecutor, ProgramError, tensor } from '@nadir/tensor';
import { chooseExecutor, currentEnvironment, Trainer } from '@nadir/train';

const engine = vi.hoisted(() => ({ simd: true }));
vi.mock(import('@nadir/wasm'), async (original) => {
  const actual = await original();
  return { ...actual, features: () => ({ ...actual.features(), ...engine }) };
});

afterEach(() => {
  engine.simd = true;
  vi.restoreAllMocks();
});

function trainer(options: { readonly executor?: 'wasm' | 'eager' } = {}): Trainer<readonly [typeof tensor]> {
  const model = new Linear(1, 1);
  return new Trainer({
    model,
    optimizer: new SGD(model.parameters(), { lr: 0.1 }),
    forward: () => model(tensor([[1]])).sum(),
    ...options,
  });
}

it('is compiled by default, and eager or another executor where asked', () => {
  expect(chooseExecutor()).toEqual({ name: 'wasm', executor: wasmExecutor, notice: null });
  expect(chooseExecutor('wasm')).toEqual(chooseExecutor());
  expect(chooseExecutor('eager')).toEqual({ name: 'eager', executor: null, notice: null });
  expect(chooseExecutor(eagerExecutor)).toEqual({ name: 'eager', executor: eagerExecutor, notice: null });
});

it('falls back to eager without SIMD, and says so once', () => {
  engine.simd = false;
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  expect([trainer().executor, trainer().executor, currentEnvironment().executor]).toEqual([
    'eager',
    'eager',
    'eager',
  ]);
  expect(warn.mock.calls).toEqual([[expect.stringContaining('no SIMD')]]);
});

it('refuses wasm without SIMD where it is asked for', () => {
  engine.simd = false;
  expect(() => trainer({ executor: 'wasm' })).toThrow(ProgramError);
  expect(() => trainer({ executor: 'wasm' })).toThrow('Choose eager.');
  expect(trainer({ executor: 'eager' }).executor).toBe('eager');
});
