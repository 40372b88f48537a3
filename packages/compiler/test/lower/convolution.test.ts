import { PhiloxGenerator } from '@nadir/random';
import { apply, eagerExecutor, record, tensor, type Shape, type Tensor } from '@nadir/tensor';
import { differenceOf } from '@nadir/tensor/testing';
import { describe, expect, it } from 'vitest';
import { createWasmExecutor } from '../../src/index.ts';

type Pair = readonly [number, number];
type FloatName = 'float32' | 'float64';

/** The sizes of a convolution; what is left out is the plainest. */
interface Case {
  readonly images?: number;
  /** Of one group. */
  readonly channels?: number;
  readonly filters?: number;
  readonly size: Pair;
  readonly kernel: Pair;
  readonly stride?: Pair;
  readonly padding?: readonly [Pair, Pair];
  readonly dilation?: Pair;
  readonly groups?: number;
}

const generator = new PhiloxGenerator({ seed: 11 });

/** Whole numbers from −4 to 4: every sum of products of them is exact, in whatever order it is computed. */
function whole(shape: Shape, dtype: FloatName): Tensor {
  const size = shape.reduce((product, n) => product * n, 1);
  const values = Array.from({ length: size }, () => Math.floor(generator.uniform53() * 9) - 4);
  return tensor(values, { dtype }).reshape(shape);
}

/** What is wrong with one of the results of a program, or null. */
function difference(
  inputs: readonly Tensor[],
  body: (...x: readonly Tensor[]) => readonly Tensor[],
  index = 0,
): string | null {
  const { program, state } = record(inputs, (...x) => body(...x));
  const want = eagerExecutor.load(program).run(inputs, state)[index];
  const loaded = createWasmExecutor().load(program);
  // The second call finds what the first left in working memory.
  const results = [loaded.run(inputs, state)[index]!, loaded.run(inputs, state)[index]!];
  loaded.dispose();
  const exact = { relative: 0, absolute: 0 };
  return results.map((got) => differenceOf(got, want!, exact)).find((found) => found !== null) ?? null;
}

/** What is wrong with a convolution or one of its gradients, or null. */
function fault(given: Case, dtype: FloatName, special: readonly number[] = []): string | null {
  const { images = 2, channels = 3, filters = 5, size, kernel, groups = 1 } = given;
  const {
    stride = [1, 1],
    dilation = [1, 1],
    padding = [
      [0, 0],
      [0, 0],
    ],
  } = given;
  const attributes = { stride, padding, dilation, groups };
  const x = whole([images, groups * channels, ...size], dtype);
  if (special.length > 0) {
    const array = x.storage.write();
    special.forEach((value, i) => (array[(i * 37) % array.length] = value));
  }
  const w = whole([groups * filters, channels, ...kernel], dtype);
  const out = apply('conv', [x, w], attributes);
  const g = whole(out.shape, dtype);
  const found = [
    ['conv', difference([x, w], (a, b) => [apply('conv', [a!, b!], attributes)])],
    ['input', difference([g, w], (a, b) => [apply('convInputGrad', [a!, b!], { ...attributes, size })])],
    [
      'weight',
      special.length > 0
        ? null
        : difference([x, g], (a, b) => [apply('convWeightGrad', [a!, b!], { ...attributes, size: kernel })]),
    ],
  ].find(([, text]) => text !== null);
  return found === undefined ? null : `${found[0]} of ${JSON.stringify(given)}: ${found[1]}`;
}

const padded = (top: number, bottom: number, left: number, right: number): Pick<Case, 'padding'> => ({
  padding: [
    [top, bottom],
    [left, right],
  ],
});
const same = padded(1, 1, 1, 1);

/** [images, channels, filters], the sizes of the images and of the kernel, and what is not plain. */
function of(
  [images, channels, filters]: readonly [number, number, number],
  size: Pair,
  kernel: Pair,
  rest: Partial<Case> = {},
): Case {
  return { images, channels, filters, size, kernel, ...rest };
}

const cases: Readonly<Record<string, Case>> = {
  'many images of 14 by 14': of([33, 8, 20], [14, 14], [3, 3], same),
  'many images of 7 by 7': of([29, 5, 13], [7, 7], [3, 3], same),
  'rows in several blocks': of([2, 4, 7], [61, 47], [3, 3], same),
  'parts of rows': of([1, 2, 3], [5, 613], [3, 3], same),
  'parts of rows, stride 2': of([1, 2, 3], [5, 1201], [3, 3], { ...same, stride: [2, 2] }),
  'parts of rows, stride 3': of([1, 2, 2], [4, 1001], [2, 4], { ...padded(0, 1, 3, 2), stride: [1, 3] }),
  'several blocks of channels': of([2, 101, 9], [9, 9], [3, 3], same),
  'several blocks of filters': of([2, 4, 283], [8, 8], [3, 3], same),
  'one large image, few filters': of([1, 3, 4], [40, 40], [5, 5]),
  pointwise: of([3, 70, 40], [12, 12], [1, 1]),
  'pointwise with stride': of([3, 20, 11], [13, 11], [1, 1], { stride: [2, 2] }),
  'a window as large as the image': of([70, 6, 10], [4, 4], [4, 4]),
  'one column': of([9, 3, 5], [17, 3], [3, 3]),
  'two columns': of([9, 3, 5], [17, 4], [3, 3]),
  'three columns': of([9, 3, 5], [17, 3], [3, 3], same),
  'a long row of taps': of([2, 3, 5], [3, 90], [1, 40], padded(0, 0, 20, 19)),
  'a long row of taps, stride and dilation': of([2, 3, 5], [3, 190], [1, 34], {
    ...padded(0, 0, 7, 2),
    stride: [1, 3],
    dilation: [1, 2],
  }),
  'many taps': of([2, 3, 5], [15, 14], [7, 6], padded(3, 3, 3, 2)),
  'tiles of 14 by 14': of([5, 16, 20], [14, 14], [3, 3], same),
  'tiles of 7 by 7': of([7, 13, 12], [7, 7], [3, 3], same),
  'tiles over the border': of([2, 15, 14], [13, 11], [3, 3], padded(1, 0, 2, 1)),
  'tiles without padding': of([2, 12, 13], [12, 9], [3, 3]),
  'tiles in rows of several blocks': of([1, 14, 12], [45, 38], [3, 3], same),
  'tiles in parts of rows': of([1, 12, 12], [5, 601], [3, 3], same),
  'tiles of many channels': of([2, 130, 67], [8, 8], [3, 3], same),
  'tiles of many filters': of([3, 12, 150], [8, 10], [3, 3], same),
  'tiles of groups': of([2, 13, 16], [8, 9], [3, 3], { ...same, groups: 3 }),
  'tiles of narrow images': of([9, 12, 12], [21, 4], [3, 3], same),
  'one tile': of([40, 12, 12], [4, 4], [3, 3]),
  'stride 2': of([3, 9, 14], [15, 16], [3, 3], { ...same, stride: [2, 2] }),
  'stride 3, dilation 2': of([2, 3, 5], [20, 23], [3, 3], { ...same, stride: [3, 3], dilation: [2, 2] }),
  'stride 4, dilation 2': of([2, 3, 5], [20, 23], [3, 2], { ...same, stride: [4, 4], dilation: [2, 2] }),
  'a stride longer than the kernel': of([2, 3, 5], [19, 17], [2, 1], { stride: [3, 4] }),
  'padding wider than the kernel': of([2, 3, 5], [5, 6], [2, 2], padded(3, 2, 0, 4)),
  'padding on one side': of([2, 3, 5], [9, 10], [3, 4], padded(2, 0, 0, 3)),
  groups: of([2, 4, 6], [10, 11], [3, 3], { ...same, groups: 3 }),
  'one filter a channel': of([2, 1, 1], [14, 14], [3, 3], { ...same, groups: 20 }),
  'two filters a channel, stride 2': of([2, 1, 2], [15, 13], [3, 3], {
    ...same,
    groups: 12,
    stride: [2, 2],
  }),
};

describe.each(['float32', 'float64'] as const)('convolution of %s', (dtype) => {
  for (const [name, sizes] of Object.entries(cases))
    it(`${name}, with both gradients`, () => expect(fault(sizes, dtype)).toBe(null));

  it('agrees with eager on random sizes and attributes', () => {
    const dice = new PhiloxGenerator({ seed: 5 });
    const below = (n: number): number => Math.floor(dice.uniform53() * n);
    const pair = (n: number): Pair => [below(n), below(n)];
    let tried = 0;
    while (tried < 60) {
      const kernel: Pair = [below(4) + 1, below(5) + 1];
      const dilation: Pair = [below(3) + 1, below(3) + 1];
      const padding = [pair(4), pair(4)] as const;
      const size: Pair = [below(14) + 1, below(19) + 1];
      const fits = ([0, 1] as const).every(
        (axis) => size[axis] + padding[axis][0] + padding[axis][1] >= (kernel[axis] - 1) * dilation[axis] + 1,
      );
      if (!fits) continue;
      tried++;
      const groups = below(3) === 0 ? below(4) + 1 : 1;
      const stride: Pair = [below(3) + 1, below(3) + 1];
      const counts = [below(6) + 1, below(6) + 1, below(15) + 1] as const;
      expect(fault(of(counts, size, kernel, { dilation, padding, groups, stride }), dtype)).toBe(null);
    }
  });

  it('lets NaN and infinities reach exactly the places that see them', () => {
    for (const name of ['rows in several blocks', 'stride 2', 'groups', 'one filter a channel', 'pointwise'])
      expect(fault(cases[name]!, dtype, [NaN, Infinity, -Infinity, NaN, Infinity])).toBe(null);
  });

  it('is zero where there is nothing to sum', () => {
    expect(fault(of([2, 0, 5], [5, 4], [2, 2]), dtype)).toBe(null);
    expect(fault(of([0, 2, 5], [5, 4], [2, 2]), dtype)).toBe(null);
  });
});

describe('what follows a convolution', () => {
  const plain = { stride: [1, 1], dilation: [1, 1], padding: padded(0, 0, 0, 0).padding! } as const;
  // The loops of bias, activation and residual sum join the convolution, whose own result is wanted in the second program.
  for (const [name, { images = 1, channels = 1, filters = 1, ...given }] of Object.entries(cases)) {
    it(`${name}: bias, residual sum and activation`, () => {
      const { size, kernel, groups = 1, ...rest } = given;
      const attributes = { ...plain, groups, ...rest };
      const x = whole([images, groups * channels, ...size], 'float32');
      const w = whole([groups * filters, channels, ...kernel], 'float32');
      const bias = whole([groups * filters, 1, 1], 'float32');
      const residual = whole(apply('conv', [x, w], attributes).shape, 'float32');
      const body = (a: Tensor, b: Tensor, c: Tensor, d: Tensor): Tensor[] => {
        const y = apply('conv', [a, b], attributes);
        return [y.add(c).add(d).maximum(0), y];
      };
      const inputs = [x, w, bias, residual];
      for (const count of [1, 2]) {
        const part = (...t: readonly Tensor[]): Tensor[] => body(t[0]!, t[1]!, t[2]!, t[3]!).slice(0, count);
        for (let i = 0; i < count; i++) expect(difference(inputs, part, i)).toBe(null);
      }
    });
  }
});

it('lets NaN reach the places of the tiles that see it, and no others', () => {
  const size = 12;
  const x = whole([1, 12, size, size], 'float32');
  const [row, column] = [5, 6];
  x.storage.write()[row * size + column] = NaN;
  const w = whole([12, 12, 3, 3], 'float32').abs().add(1);
  const { program, state } = record([x, w], (a, b) => [
    apply('conv', [a!, b!], { stride: [1, 1], dilation: [1, 1], groups: 1, padding: same.padding! }),
  ]);
  const loaded = createWasmExecutor().load(program);
  const [got] = loaded.run([x, w], state);
  loaded.dispose();
  const isNear = (at: number, other: number): boolean => Math.abs(at - other) <= 1;
  // A tile of two by two places sees four by four elements.
  const inTile = (at: number, other: number): boolean =>
    other >= 2 * (at >> 1) - 1 && other <= 2 * (at >> 1) + 2;
  const placesOf = (sees: typeof isNear): number[] =>
    Array.from({ length: size * size }, (_, place) => place).filter(
      (place) => sees(Math.floor(place / size), row) && sees(place % size, column),
    );
  const isReached = (place: number): boolean => Number.isNaN(got!.data[place]);
  const reached = Array.from({ length: size * size }, (_, place) => place).filter(isReached);
  expect(reached).toEqual(expect.arrayContaining(placesOf(isNear)));
  expect(placesOf(inTile)).toEqual(expect.arrayContaining(reached));
});

describe('rounding', () => {
  // Operands scaled so that results have about unit variance, which is what the absolute tolerance is made for.
  const spread = (shape: Shape, terms: number): Tensor => {
    const size = shape.reduce((product, n) => product * n, 1);
    const factor = Math.sqrt(12 / terms);
    return tensor(Array.from({ length: size }, () => (generator.uniform53() - 0.5) * factor)).reshape(shape);
  };
  it.each([
    ['windows of 3 by 3 from tiles', 64, [3, 3], 1],
    ['windows of 5 by 5', 20, [5, 5], 2],
  ] as const)('%s: within the tolerance of float32 from float64', (_, channels, kernel, padding) => {
    const [images, filters, size] = [4, 32, [14, 14]] as const;
    const attributes = {
      ...({ stride: [1, 1], dilation: [1, 1], groups: 1 } as const),
      padding: [
        [padding, padding],
        [padding, padding],
      ],
    } as const;
    const area = kernel[0] * kernel[1];
    const [x, w] = [
      spread([images, channels, ...size], 12),
      spread([filters, channels, ...kernel], channels * area),
    ];
    const g = spread([images, filters, ...size], images * size[0] * size[1]);
    const programs: readonly [Tensor, Tensor, (a: Tensor, b: Tensor) => Tensor][] = [
      [x, w, (a, b) => apply('conv', [a, b], attributes)],
      [spread(g.shape, 12), w, (a, b) => apply('convInputGrad', [a, b], { ...attributes, size })],
      [x, g, (a, b) => apply('convWeightGrad', [a, b], { ...attributes, size: kernel })],
    ];
    for (const [a, b, body] of programs) {
      const { program, state } = record([a, b], (p, q) => [body(p!, q!)]);
      const loaded = createWasmExecutor().load(program);
      const [got] = loaded.run([a, b], state);
      loaded.dispose();
      const want = body(a.cast('float64'), b.cast('float64')).cast('float32');
      expect(differenceOf(got!, want)).toBe(null);
    }
  });
});
