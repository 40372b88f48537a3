import { tensor, type Tensor } from '@nadir/tensor';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { grad, hessian, jacobian, noGrad, parameter, valueAndGrad } from '../src/index.ts';

const float64 = { dtype: 'float64' } as const;
const cube = (x: Tensor): Tensor => x.mul(x).mul(x);

describe('grad', () => {
  it('has the structure of the argument', () => {
    const loss = (p: { w: Tensor; layers: readonly [{ b: Tensor }, Tensor] }): Tensor =>
      p.w.mul(p.layers[0].b).add(p.layers[1]).sum();
    const gradient = grad(loss)({ w: tensor([2]), layers: [{ b: tensor([3]) }, tensor([1, 1])] });
    expectTypeOf(gradient.layers[0].b).toEqualTypeOf<Tensor>();
    expect(gradient.w.toArray()).toEqual([6]);
    expect(gradient.layers[0].b.toArray()).toEqual([4]);
    expect(gradient.layers[1].toArray()).toEqual([1, 1]);
  });

  it('nests to any order', () => {
    const x = tensor(2, float64);
    const orders = [grad(cube), grad(grad(cube)), grad(grad(grad(cube))), grad(grad(grad(grad(cube))))];
    expect(orders.map((f) => f(x).item())).toEqual([12, 12, 6, 0]);
  });

  it('leaves no history where nothing outside requires gradients', () => {
    const gradient = grad(cube)(tensor(2));
    expect(gradient.requiresGrad).toBe(false);
  });

  it('lets gradients flow on to tensors outside', () => {
    const w = parameter(3, float64);
    const gradient = grad((x: Tensor) => cube(x).mul(w))(tensor(2, float64));
    expect(gradient.item()).toBe(36);
    gradient.backward();
    expect(w.grad!.item()).toBe(12);
  });

  it('lets gradients flow on through the argument', () => {
    const x = parameter(2, float64);
    grad(cube)(x.mul(2)).backward();
    // d/dx 3·(2x)² = 24x
    expect(x.grad!.item()).toBe(48);
  });

  it('differentiates by the mixed derivative of two arguments', () => {
    const f = (x: Tensor, y: Tensor): Tensor => x.mul(x).mul(y).mul(y);
    const mixed = grad((x: Tensor, y: Tensor) => grad(f, { argument: 1 })(x, y));
    expect(mixed(tensor(3, float64), tensor(5, float64)).item()).toBe(4 * 3 * 5);
  });

  it('records nothing for the outside inside noGrad', () => {
    const w = parameter(3);
    const gradient = noGrad(() => grad((x: Tensor) => x.mul(w).mul(w))(tensor(2)));
    expect(gradient.item()).toBe(9);
    expect(gradient.requiresGrad).toBe(false);
  });

  it('leaves the argument alone', () => {
    const x = tensor(2);
    grad(cube)(x);
    expect(x.requiresGrad).toBe(false);
    const w = parameter(2);
    grad(cube)(w);
    expect(w.grad).toBe(null);
  });

  it('gives zeros for what the value does not depend on', () => {
    const gradient = grad((p: { a: Tensor; b: Tensor }) => p.a.sum())({ a: tensor([1]), b: tensor([1, 2]) });
    expect(gradient.b.toArray()).toEqual([0, 0]);
    expect(grad((_: Tensor) => tensor(1))(tensor(2)).item()).toBe(0);
  });

  it('chooses an argument', () => {
    const gradient = grad((_name: string, x: Tensor, k: number) => x.mul(k).sum(), { argument: 1 })(
      'a',
      tensor([1, 2]),
      3,
    );
    expectTypeOf(gradient).toEqualTypeOf<Tensor>();
    expect(gradient.toArray()).toEqual([3, 3]);
  });

  it('says what is wrong', () => {
    expect(() => grad((x: Tensor) => x)(tensor([1, 2]))).toThrow(
      'grad(): the function must return a float tensor of one element, got float32 [2]. ' +
        'Reduce it with sum() or mean(), or use jacobian().',
    );
    expect(() => grad((p: { w: Tensor[]; name: string }) => p.w[0]!)({ w: [tensor(1)], name: 'a' })).toThrow(
      "grad(): the argument's .name must be a tensor, got string.",
    );
    expect(() => grad((x: Tensor[]) => x[0]!)([tensor(1), tensor(1, { dtype: 'int32' })])).toThrow(
      "grad(): the argument's [1] must be float32 or float64, got int32.",
    );
    expect(() => grad((x: Tensor) => x, { argument: 1 as never })(tensor(1))).toThrow(
      'grad(): argument 1 is to be differentiated by, got 1 arguments.',
    );
    expect(() => grad((x: Map<string, Tensor>) => [...x.values()][0]!)(new Map())).toThrow('got Map');
  });
});

describe('valueAndGrad', () => {
  it('returns both, without history', () => {
    const [value, gradient] = valueAndGrad(cube)(tensor(2));
    expect([value.item(), gradient.item()]).toEqual([8, 12]);
    expect(value.requiresGrad).toBe(false);
  });

  it('returns aux, without history', () => {
    const f = (x: Tensor): [Tensor, { y: Tensor; note: string }] => [cube(x), { y: x.mul(2), note: 'a' }];
    const [[value, aux], gradient] = valueAndGrad(f, { hasAux: true })(tensor(2));
    expectTypeOf(aux.note).toEqualTypeOf<string>();
    expect([value.item(), aux.y.item(), gradient.item()]).toEqual([8, 4, 12]);
    expect(aux.y.requiresGrad).toBe(false);
  });

  it('keeps the history of the value where something outside has one', () => {
    const w = parameter(3);
    const [value, gradient] = valueAndGrad((x: Tensor) => x.mul(w).mul(x))(tensor(2));
    value.add(gradient).backward();
    // x²w + 2xw
    expect(w.grad!.item()).toBe(8);
  });

  it('needs two results with hasAux', () => {
    expect(() => valueAndGrad(cube as never, { hasAux: true })(tensor(2) as never)).toThrow(
      'valueAndGrad(): with hasAux the function must return [value, aux].',
    );
  });
});

describe('jacobian and hessian', () => {
  it('have the axes of the result, then those of the argument', () => {
    const x = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      float64,
    );
    const rows = jacobian((a: Tensor) => a.sum(1))(x);
    expect(rows.toArray()).toEqual([
      [
        [1, 1],
        [0, 0],
      ],
      [
        [0, 0],
        [1, 1],
      ],
    ]);
    expect(jacobian((a: Tensor) => a.sum())(x).shape).toEqual([2, 2]);
    expect(rows.requiresGrad).toBe(false);
  });

  it('agree with the closed form', () => {
    const x = tensor([1, 2, 3], float64);
    const matrix = hessian((a: Tensor) => a.mul(a).sum().square())(x);
    // (Σx²)²: 4·Σx²·I + 8·x·xᵀ
    const want = [1, 2, 3].map((a) => [1, 2, 3].map((b) => 8 * a * b + (a === b ? 4 * 14 : 0)));
    expect(matrix.toArray()).toEqual(want);
  });

  it('can be differentiated', () => {
    const f = (x: Tensor): Tensor => jacobian(cubes)(x).sum();
    const cubes = (x: Tensor): Tensor => cube(x);
    expect(grad(f)(tensor([1, 2], float64)).toArray()).toEqual([6, 12]);
  });

  it('take one tensor, of any size', () => {
    expect(jacobian((x: Tensor) => x.mul(2))(tensor([], float64)).shape).toEqual([0, 0]);
    expect(() => jacobian((x: Tensor[]) => x[0]!)([tensor(1)])).toThrow(
      'jacobian(): the argument and the result must each be one float tensor.',
    );
  });
});
