import type { Tensor } from '@nadir/tensor';
import { Module } from '../module.ts';

/**
 * Joins the axes from `startAxis` (default 1) to `endAxis` (default the last) into one: `[N, C, H, W]` → `[N, C·H·W]`.
 *
 * @example
 * ```ts
 * import { Flatten } from '@nadir/nn';
 * import { zeros } from '@nadir/tensor';
 * new Flatten()(zeros([2, 3, 4])).shape; // => [2, 12]
 * ```
 */
export class Flatten extends Module {
  readonly #startAxis: number;
  readonly #endAxis: number;

  constructor(startAxis = 1, endAxis = -1) {
    super();
    this.#startAxis = startAxis;
    this.#endAxis = endAxis;
  }

  override forward(x: Tensor): Tensor {
    return x.flatten(this.#startAxis, this.#endAxis);
  }
}
