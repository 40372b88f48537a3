import { parameter } from '@nadir/autograd';
import { PhiloxGenerator } from '@nadir/random';
import { eagerExecutor, slice, tensor, zeros, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.ts';

/** Tensors that outlive a call, and what may be done to them and to their gradients. */
function makeWorld() {
  const [a, b] = [parameter([1, 2]), parameter([3, -1])];
  const [c, table] = [
    tensor([0.5, 4]),
    tensor([
      [1, 2],
      [3, 4],
    ]),
  ];
  const each = (act: (w: Tensor) => void) => [() => act(a), () => act(b)];
  const halve = (w: Tensor): void => {
    if (w.grad) w.grad.assign(w.grad.mul(0.5));
  };
  type Act = (x: Tensor) => Tensor | void;
  const acts: readonly Act[] = [
    (x) => a.mul(x).sum().backward(),
    (x) => b.mul(a).sub(x).sum().backward(),
    ...each((w) => (w.grad = null)),
    ...each((w) => (w.grad = c)),
    ...each((w) => (w.grad = tensor([1, 2]))),
    ...each((w) => (w.grad = table.at(slice(), 1))),
    ...each(halve),
    ...each((w) => w.grad && w.assign(w.detach().sub(w.grad.mul(0.25)))),
    ...each((w) => w.grad && c.assign(w.grad)),
    () => (b.grad = a.grad),
    () => a.grad ?? zeros([2]),
    () => b.grad ?? zeros([2]),
    () => c.assign(c.add(1)),
    () => table.at(0).assign(c),
    (x) => x.assign(x.add(1)),
    (x) => x.mul(c),
  ];
  const show = () => [a, b, c, table, a.grad, b.grad].map((x) => x && x.toArray());
  return { acts, show, c, table };
}

/** Runs some acts one after another, as a step does. */
function stepOf(acts: readonly ((x: Tensor) => Tensor | void)[], chosen: readonly number[]) {
  return (x: Tensor): readonly (Tensor | null)[] => chosen.map((index) => acts[index]!(x) ?? null);
}

describe('slots of gradients', () => {
  it.each(Array.from({ length: 300 }, (_, seed) => seed))('are as eager leaves them, seed %i', (seed) => {
    const random = new PhiloxGenerator({ seed });
    const pick = (count: number): number => Math.floor(random.uniform() * count);
    const [eager, compiled] = [makeWorld(), makeWorld()];
    const programs = Array.from({ length: 3 }, () => {
      const chosen = Array.from({ length: 1 + pick(5) }, () => pick(eager.acts.length));
      const step = stepOf(compiled.acts, chosen);
      const compiledStep = compile(step, { keepGrads: true, executor: eagerExecutor });
      return { chosen, eager: stepOf(eager.acts, chosen), compiled: step, step: compiledStep };
    });
    for (let call = 0; call < 12; call++) {
      const { chosen, ...runs } = programs[pick(programs.length)]!;
      const isOutside = pick(4) === 0;
      const shared = pick(6);
      const argument = ({ c, table }: ReturnType<typeof makeWorld>): Tensor =>
        shared === 0 ? c : shared === 1 ? table.at(1) : tensor([call, -1]);
      const show = (run: (x: Tensor) => readonly (Tensor | null)[], world: ReturnType<typeof makeWorld>) => {
        const x = argument(world);
        const results = run(x);
        return [chosen, results.map((result) => result && result.toArray()), x.toArray(), world.show()];
      };
      const want = show(runs.eager, eager);
      expect(show(isOutside ? runs.compiled : runs.step, compiled)).toEqual(want);
    }
  });
});
