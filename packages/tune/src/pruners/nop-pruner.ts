import type { Pruner } from './pruner.ts';

/**
 * Never prunes.
 *
 * @example
 * ```ts
 * import { createStudy, nopPruner } from '@nadir/tune';
 *
 * const study = await createStudy({ pruner: nopPruner() });
 * const trial = await study.ask();
 * trial.report(Number.NaN, 0);
 * trial.shouldPrune(); // => false
 * ```
 */
export function nopPruner(): Pruner {
  return { name: 'nop', shouldPrune: () => false };
}
