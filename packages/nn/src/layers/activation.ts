import type { Tensor } from '@nadir/tensor';
import { Module } from '../module.ts';

/**
 * Passes its input on: the layer for a place where there should be none.
 *
 * @example
 * ```ts
 * import { Identity } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * new Identity()(tensor([1, -2])).toArray(); // => [1, -2]
 * ```
 */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}

/**
 * max(x, 0), element by element; its gradient at 0 is 0.
 *
 * @example
 * ```ts
 * import { ReLU } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * new ReLU()(tensor([1, -2])).toArray(); // => [1, 0]
 * ```
 */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.relu();
  }
}

/**
 * x above 0 and slope·x below, element by element (Maas et al. 2013). The slope is 0.01 by default.
 *
 * @example
 * ```ts
 * import { LeakyReLU } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * new LeakyReLU(0.25)(tensor([1, -2])).toArray(); // => [1, -0.5]
 * ```
 */
export class LeakyReLU extends Module {
  readonly #slope: number;

  constructor(slope = 0.01) {
    super();
    this.#slope = slope;
  }

  override forward(x: Tensor): Tensor {
    return x.leakyRelu(this.#slope);
  }

  protected override describe(): string {
    return `slope: ${this.#slope}`;
  }
}

/**
 * x above 0 and alpha·(eˣ − 1) below, element by element (Clevert et al. 2016). Alpha is 1 by default.
 *
 * @example
 * ```ts
 * import { ELU } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * new ELU()(tensor([1, -100])).toArray(); // => [1, -1]
 * ```
 */
export class ELU extends Module {
  readonly #alpha: number;

  constructor(alpha = 1) {
    super();
    this.#alpha = alpha;
  }

  override forward(x: Tensor): Tensor {
    return x.elu(this.#alpha);
  }

  protected override describe(): string {
    return `alpha: ${this.#alpha}`;
  }
}

/**
 * x·Φ(x), exactly with erf or by its tanh approximation (Hendrycks and Gimpel 2016).
 *
 * @example
 * ```ts
 * import { GELU } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * new GELU()(tensor([100, -100, 0])).abs().toArray(); // => [100, 0, 0]
 * ```
 */
export class GELU extends Module {
  readonly #approximate: 'none' | 'tanh';

  constructor({ approximate = 'none' }: { readonly approximate?: 'none' | 'tanh' } = {}) {
    super();
    this.#approximate = approximate;
  }

  override forward(x: Tensor): Tensor {
    return x.gelu({ approximate: this.#approximate });
  }

  protected override describe(): string {
    return this.#approximate === 'none' ? '' : `approximate: ${this.#approximate}`;
  }
}

/**
 * x·σ(x), element by element (swish).
 *
 * @example
 * ```ts
 * import { SiLU } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * new SiLU()(tensor([100, 0])).toArray(); // => [100, 0]
 * ```
 */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.silu();
  }
}

/**
 * The hyperbolic tangent, element by element.
 *
 * @example
 * ```ts
 * import { Tanh } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * new Tanh()(tensor([100, 0])).toArray(); // => [1, 0]
 * ```
 */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return x.tanh();
  }
}

/**
 * 1 / (1 + e^−x), element by element.
 *
 * @example
 * ```ts
 * import { Sigmoid } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * new Sigmoid()(tensor([100, 0])).toArray(); // => [1, 0.5]
 * ```
 */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}

/**
 * Shares of a whole along `axis`: eˣ over its sum. Without overflow; `crossEntropy()` wants logits, before this.
 *
 * @example
 * ```ts
 * import { Softmax } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * new Softmax()(tensor([[1e4, 1e4]])).toArray(); // => [[0.5, 0.5]]
 * ```
 */
export class Softmax extends Module {
  readonly #axis: number;

  /** @param axis default −1, the last */
  constructor(axis = -1) {
    super();
    this.#axis = axis;
  }

  override forward(x: Tensor): Tensor {
    return x.softmax(this.#axis);
  }

  protected override describe(): string {
    return `axis: ${this.#axis}`;
  }
}
