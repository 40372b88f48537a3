import { describe, expect, it } from 'vitest';
import {
  eagerExecutor,
  effect,
  guard,
  manualSeed,
  ProgramError,
  rand,
  record,
  slice,
  tensor,
  where,
  zeros,
  type Tensor,
} from '@nadir/tensor';

/** Runs `body` once eagerly and once as a program, both on fresh tensors from `make`, and returns what each leaves. */
function both(make: () => Tensor[], body: (tensors: Tensor[]) => Tensor[]): [unknown, unknown] {
  const eager = make();
  const direct = body(eager);
  const recorded = make();
  const { program, state } = record([], () => body(recorded));
  const results = eagerExecutor.load(program).run([], state);
  const show = (results: readonly Tensor[], tensors: readonly Tensor[]): unknown =>
    [...results, ...tensors].map((x) => x.toArray());
  return [show(direct, eager), show(results, recorded)];
}

const matrix = (): Tensor =>
  tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);

describe('record', () => {
  it.each<[string, (x: Tensor) => Tensor[]]>([
    ['a row', (x) => [x.at(1).assign(tensor([7, 8, 9])), x.sum()]],
    ['a column', (x) => [x.at('...', 0).assign(0), x.mul(2)]],
    ['a slice with a step', (x) => [x.at(0, slice(0, 3, 2)).assign(tensor([-1, -2])), x.neg()]],
    ['a slice backwards', (x) => [x.at(0, slice(null, null, -1)).assign(tensor([10, 20, 30])), x.neg()]],
    [
      'a transpose',
      (x) => [
        x.T.assign(
          tensor([
            [1, 2],
            [3, 4],
            [5, 6],
          ]),
        ),
        x.neg(),
      ],
    ],
    ['a reshape', (x) => [x.reshape([6]).assign(tensor([6, 5, 4, 3, 2, 1])), x.neg()]],
    ['a view of a view', (x) => [x.T.at(slice(1, 3)).at('...', 1).assign(-1), x.neg()]],
    ['all of it, twice', (x) => [x.assign(1), x.assign(x.add(1)), x.mul(10)]],
    ['a value that reads the target', (x) => [x.assign(x.flip()), x.mul(1)]],
    [
      'a view made before the change',
      (x) => {
        const row = x.at(0);
        x.assign(x.add(1));
        return [row.mul(1)];
      },
    ],
    ['a leading axis', (x) => [x.expand([1, 2, 3]).at(0, 1).assign(9), x.mul(1)]],
    ['an empty slice', (x) => [x.at(slice(2, 2)).assign(5), x.mul(1)]],
  ])('assigns through %s as eager does', (_, body) => {
    const [eager, recorded] = both(
      () => [matrix()],
      ([x]) => body(x!),
    );
    expect(recorded).toEqual(eager);
  });

  it('changes nothing outside while it records', () => {
    const x = tensor([1, 2]);
    record([], () => [x.assign(x.add(1)).mul(2)]);
    expect(x.toArray()).toEqual([1, 2]);
  });

  it('sees what changed between calls', () => {
    const lr = tensor(0.5, { dtype: 'float64' });
    const { program, state } = record([{ shape: [1], dtype: 'float32' }], (x) => [x!.mul(lr)]);
    const loaded = eagerExecutor.load(program);
    expect(loaded.run([tensor([4])], state)[0]!.item()).toBe(2);
    lr.assign(0.25);
    expect(loaded.run([tensor([4])], state)[0]!.item()).toBe(1);
  });

  it('draws other random numbers in every call, the same as eager', () => {
    const eager = [manualSeed(3), rand([5]), rand([5])].slice(1) as Tensor[];
    manualSeed(3);
    const { program, state } = record([], () => [rand([5])]);
    const loaded = eagerExecutor.load(program);
    const drawn = [loaded.run([], state)[0]!, loaded.run([], state)[0]!];
    expect(drawn.map((x) => x.toArray())).toEqual(eager.map((x) => x.toArray()));
  });

  it('keeps the modes it read and the effects it asked for', () => {
    const done: string[] = [];
    const { guards, effects } = record([], () => {
      guard('training', () => true);
      effect(() => done.push('lrStep'));
      return [];
    });
    expect(guards.map(({ name, value }) => [name, value])).toEqual([['training', true]]);
    expect(done).toEqual([]);
    for (const run of effects) run();
    expect(done).toEqual(['lrStep']);
  });

  it('captures one storage once, however many tensors show it', () => {
    const x = matrix();
    const { program, state } = record([], () => [x.T.add(x.detach().T).add(x.reshape([3, 2]))]);
    expect(state).toEqual([x.storage]);
    expect(program.state).toEqual([{ shape: [2, 3], dtype: 'float32' }]);
  });

  it('makes numbers constants of the program', () => {
    const { program, state } = record([tensor([1, 2])], (x) => [x!.mul(2.5)]);
    expect(state).toEqual([]);
    expect(program.nodes[0]).toMatchObject({ primitive: 'full', attributes: { value: 2.5, shape: [] } });
  });

  it('does not let values be read', () => {
    const x = tensor([1, 2]);
    for (const read of [(y: Tensor) => y.at(0).item(), (y: Tensor) => y.toArray(), (y: Tensor) => y.data]) {
      expect(() => record([], () => [x.mul(Number(read(x.mul(2))))])).toThrow(ProgramError);
      expect(() => record([], () => [x.mul(Number(read(x)))])).toThrow(
        'elements cannot be read inside a recorded',
      );
    }
  });

  it('refuses an async body, an expanded target and values of another recording', () => {
    expect(() => record([], (async () => []) as never)).toThrow('an async body cannot be recorded');
    const x = zeros([1]);
    expect(() => record([], () => [x.expand([3]).assign(1)])).toThrow('Assign to the tensor before expand()');
    let leaked: Tensor | null = null;
    record([], () => {
      leaked = x.add(1);
      return [];
    });
    expect(() => record([], () => [leaked!.add(1)])).toThrow('belongs to another recording');
    expect(() => leaked!.item()).toThrow(ProgramError);
  });

  it('prints symbolic values without reading them', () => {
    let text = '';
    record([{ shape: [2, 3], dtype: 'float32' }], (x) => {
      text = String(x!);
      return [where(x!.gt(0), x!, 0)];
    });
    expect(text).toContain('float32[2, 3]');
  });
});
