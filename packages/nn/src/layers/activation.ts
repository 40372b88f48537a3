import type { Tensor } from '@nadir/tensor';
import { Module } from '../module.ts';

/** max(x, 0), element by element; its gradient at 0 is 0. */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.relu();
  }
}

/** x·Φ(x), exactly with erf or by its tanh approximation (Hendrycks and Gimpel 2016). */
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

/** x·σ(x), element by element (swish). */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.silu();
  }
}

/** The hyperbolic tangent, element by element. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return x.tanh();
  }
}

/** 1 / (1 + e^−x), element by element. */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}
