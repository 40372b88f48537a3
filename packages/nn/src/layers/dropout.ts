import { dropout, ValueError, type Generator, type Tensor } from '@nadir/tensor';
import { Module } from '../module.ts';

/**
 * While training, zeroes elements with probability `p` (default 0.5) and scales the others by 1 / (1 − p) (Srivastava et
 * al. 2014); passes its input on in evaluation.
 *
 * @throws ValueError unless 0 ≤ p ≤ 1.
 *
 * @example
 * ```ts
 * import { Dropout } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * new Dropout(0.5).eval()(tensor([1, 2])).toArray(); // => [1, 2]
 * ```
 */
export class Dropout extends Module {
  readonly p: number;
  readonly #generator: Generator | undefined;

  constructor(p = 0.5, { generator }: { readonly generator?: Generator } = {}) {
    super();
    if (!(p >= 0 && p <= 1)) throw new ValueError(`Dropout(): p must be in [0, 1], got ${p}.`);
    this.p = p;
    this.#generator = generator;
  }

  override forward(x: Tensor): Tensor {
    if (!this.training) return x;
    return dropout(x, {
      p: this.p,
      ...(this.#generator === undefined ? {} : { generator: this.#generator }),
    });
  }

  protected override describe(): string {
    return `p: ${this.p}`;
  }
}
