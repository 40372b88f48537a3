import type { DType } from '../dtype.ts';

/** |actual − expected| ≤ absolute + relative · |expected|. */
export interface ErrorBound {
  readonly relative: number;
  readonly absolute: number;
}

const exact: ErrorBound = { relative: 0, absolute: 0 };

/** How far two executors, or an executor and its fixture, may be apart. The only tolerances of the test suites. */
export const tolerances: Readonly<Record<DType, ErrorBound>> = {
  float64: { relative: 1e-10, absolute: 1e-12 },
  float32: { relative: 2e-5, absolute: 2e-6 },
  int32: exact,
  uint8: exact,
  bool: exact,
};
