import type { PhiloxGenerator } from '@nadir/random';

/** How many dimensions {@link sobolAxis} has. */
export const SOBOL_DIMENSIONS = 161;

const BITS = 32;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * The initial numbers m₂, m₃, … of dimensions 2 to 161 of Joe and Kuo's table new-joe-kuo-6.21201, (mᵢ − 1)/2 in i − 1
 * bits each, six bits a letter. m₁ is always 1. The primitive polynomials of the table are in ascending order, so they
 * are found again rather than kept.
 * Reference: Joe and Kuo, "Constructing Sobol sequences with better two-dimensional projections" (2008).
 */
const INITIAL_NUMBERS =
  'wE7JQkTsoACuX2HgelTbgcxTsxKfe2fP5jxHHF/QGNTJHWLfHqzR7ETRPAkDpkumY5TawN8t0iEtRJXAZsPeuN5iodoT+Zj1v/X2' +
  'Eqlm+S7WMI/RaC3OPgTwSUHMpKjp3oQsuUuSdH68+xpCvw4A3Vyx3CEkcW/91FLVqFlyF63faINghEFEywVXFhz2fyKqH2i2qjsO' +
  'dqvNlAd/36aYjcDZ995St52xigdl01cALWvvkk6o3E9ClBqAKC9Y4PvbglQZQKd5hv/nQX7Fp+SCfX7snb0vMgrGurfqEBhtFYeH' +
  'OQYhKdaM6vA7X/4xjvtKswiAXPiUUXBwyeKZdIzhVvfGUPouGTpyxdvkeiVYtGxK+ZYXnFyhjxvBPM01gOAEJJF7O9Tg3izLaoOv' +
  'SUS8NdWjUzsoYqBvCd/nELzUwm5FLZdLS3D5jdQf3ekolnTZX0kHqTOQkuLe5Wim//Q3nGg6/jZKzkuHwtT39JhEIJcMp6GUn6kj' +
  '/xyrPinGmCX+CpHSMBOfxOBfG3Uh+qHqXbLp7k8SwFwi27n1+g6pMJGcamBt98jgmqif59Wtonw3IZ3DYQ6Nos1vEpGVnacRu2ta' +
  'EQLlxfIYyXHTYvc1uydUqlTKpyUX3kh45xoCzi9ZKeywdNoZNWVPz0FZu4X0hQPwcsys56mDODeXcxJIDuhW4gZqn9p27SzH+Vgx' +
  'gvlhk1HxIk3H4e0WC9/cX0HiRbgL4wCz82IybZfGaWfuImac2QlqACNiIC3ezm9xjQarXhYlSj7rK18mrv9Cewzgf5zeCevO3n0W' +
  'FRJJzLriB3p4/oUyQfJLpewTb8spMIDNsUWzZ747DXxKvyk/1+rqps9LY/VsntYyMAJdZU0mvTbI+d9cFXKn6Kiee89F/Mu2gzCO' +
  'xzLO';

let table: readonly Uint32Array[] | undefined;

/** The direction numbers of each dimension: word j is v_(j+1), its binary point before the highest bit. */
function directionTable(): readonly Uint32Array[] {
  if (table !== undefined) return table;
  let position = 0;
  const readBits = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++, position++) {
      const letter = ALPHABET.indexOf(INITIAL_NUMBERS[Math.floor(position / 6)] as string);
      value = 2 * value + ((letter >> (5 - (position % 6))) & 1);
    }
    return value;
  };
  const first = Uint32Array.from({ length: BITS }, (_, bit) => 2 ** (31 - bit));
  const rows: Uint32Array[] = [first];
  for (let polynomial = 3; rows.length < SOBOL_DIMENSIONS; polynomial += 2) {
    if (isPrimitive(polynomial)) rows.push(directionsOf(polynomial, readBits));
  }
  table = rows;
  return rows;
}

/** The recurrence of Bratley and Fox (1988) for one polynomial over GF(2), its bits the coefficients. */
function directionsOf(polynomial: number, readBits: (count: number) => number): Uint32Array {
  const degree = 31 - Math.clz32(polynomial);
  const v = new Uint32Array(BITS);
  for (let j = 0; j < BITS; j++) {
    if (j < degree) {
      v[j] = (2 * readBits(j) + 1) * 2 ** (31 - j);
      continue;
    }
    let word = (v[j - degree] as number) ^ ((v[j - degree] as number) >>> degree);
    for (let k = 1; k < degree; k++) {
      if ((polynomial >> (degree - k)) & 1) word ^= v[j - k] as number;
    }
    v[j] = word;
  }
  return v;
}

/** Whether x generates all of GF(2)[x]/p but 0: its powers come back to 1 after 2^degree − 1 steps and no sooner. */
function isPrimitive(polynomial: number): boolean {
  const size = 2 ** (31 - Math.clz32(polynomial));
  let power = 1;
  for (let step = 1; step < size; step++) {
    power *= 2;
    if (power >= size) power ^= polynomial;
    if (power === 1) return step === size - 1;
  }
  return false;
}

/** One dimension of a Sobol sequence: gives the coordinate of each point, in [0, 1). */
export type SobolAxis = (index: number) => number;

/**
 * A dimension of the Sobol sequence, from 0; with a generator scrambled, so that every point is uniform by itself and
 * the points together are still a net. Points come in Gray code order, as in SciPy.
 * References: Owen, "Randomly permuted (t, m, s)-nets and (t, s)-sequences" (1995); by hashing as in Laine and Karras,
 * "Stratified sampling for stochastic transparency" (2011).
 */
export function sobolAxis(dimension: number, generator?: PhiloxGenerator): SobolAxis {
  const directions = directionTable()[dimension] as Uint32Array;
  const scramble = generator === undefined ? (word: number) => word : nestedScramble(generator);
  return (index) => {
    let word = 0;
    let gray = (index ^ (index >>> 1)) >>> 0;
    for (let bit = 0; gray !== 0; bit++, gray >>>= 1) {
      if (gray & 1) word ^= directions[bit] as number;
    }
    return (scramble(word) >>> 0) * 2 ** -32;
  };
}

/**
 * A random permutation of the words that keeps their elementary intervals together: whether a digit is flipped depends
 * on the higher digits alone. On the reversed word those are the lower bits, from which sums and products carry upwards
 * only, and each of the four steps is one to one.
 */
function nestedScramble(generator: PhiloxGenerator): (word: number) => number {
  const rounds = Array.from({ length: 4 }, () => ({
    term: generator.bits(),
    factor: generator.bits() | 1,
    even: generator.bits() & ~1,
  }));
  return (word) => {
    let mixed = reverseBits(word);
    for (const { term, factor, even } of rounds) {
      mixed = Math.imul((mixed + term) | 0, factor);
      mixed ^= Math.imul(mixed, even);
    }
    return reverseBits(mixed);
  };
}

function reverseBits(word: number): number {
  let x = word;
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
  return (x >>> 16) | (x << 16);
}
