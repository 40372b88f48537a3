import type { Tensor } from '@nadir/tensor';
import { Module } from '../module.ts';

/** Joins the axes from `startAxis` (default 1) to `endAxis` (default the last) into one: `[N, C, H, W]` → `[N, C·H·W]`. */
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
