export {
  allCloseMatchers,
  assertAllClose,
  differenceOf,
  NotCloseError,
  type MatcherResult,
} from './all-close.ts';
export { testExecutor } from './executor-suite.ts';
export { primitiveSamples, sampleTensor, type Sample, type SampleTable } from './samples.ts';
export { tolerances, type ErrorBound } from './tolerances.ts';
