import { IndexError, take, type Generator, type Tensor } from '@nadir/tensor';
import { normal } from '../initializers.ts';
import { Module, type LayerOptions } from '../module.ts';
import { checkSize } from './size-check.ts';

/** Options of {@link Embedding}. */
export interface EmbeddingOptions extends LayerOptions {
  /** Source of the initial values. Default: the generator that `manualSeed()` seeds. */
  readonly generator?: Generator;
}

/**
 * A learned vector for each of `count` tokens: int32 `[…]` → `[…, features]`. The weight starts standard normal.
 *
 * @throws IndexError for a token outside the table.
 *
 * @example
 * ```ts
 * import { Embedding } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * const layer = new Embedding(1000, 16);
 * layer(tensor([[7, 42]], { dtype: 'int32' })).shape; // => [1, 2, 16]
 * ```
 */
export class Embedding extends Module {
  readonly weight: Tensor;

  constructor(count: number, features: number, options: EmbeddingOptions = {}) {
    super();
    checkSize('Embedding', 'count', count);
    checkSize('Embedding', 'features', features, 0);
    this.weight = this.parameter(normal([count, features], 0, 1, options));
  }

  override forward(tokens: Tensor): Tensor {
    try {
      return take(this.weight, tokens, 0);
    } catch (error) {
      if (!(error instanceof IndexError)) throw error;
      const last = this.weight.shape[0]! - 1;
      throw new IndexError(`Embedding(): tokens must be 0 to ${last}. ${error.message}`, { cause: error });
    }
  }

  protected override describe(): string {
    return this.weight.shape.join(', ');
  }
}
