import { readFileSync } from 'node:fs';

type Pairs = readonly (readonly [number, number])[];

export interface ScipyFixture {
  readonly scipy: string;
  readonly sobol: { readonly rows: readonly number[]; readonly points: readonly (readonly number[])[] };
  readonly rankTests: {
    /** Differences, and the one-sided p of a signed-rank test. */
    readonly signed: readonly (readonly [readonly number[], number])[];
  };
  readonly normal: {
    readonly x: readonly number[];
    readonly erfc: readonly number[];
    readonly erfcx: Pairs;
    readonly cdf: readonly number[];
    readonly logCdf: readonly number[];
    readonly p: readonly number[];
    readonly quantile: readonly number[];
  };
}

/** What SciPy makes of points, distributions and tests: see fixtures/scipy_fixture.py. */
export const scipyFixture: ScipyFixture = JSON.parse(
  readFileSync(new URL('fixtures/scipy.json', import.meta.url), 'utf8'),
) as ScipyFixture;
