import { ShapeError, type Generator, type Tensor } from '@nadir/tensor';
import { kaimingUniform, uniform } from '../initializers.ts';
import { Module, type LayerOptions } from '../module.ts';
import { checkSize } from './size-check.ts';

/** Options of {@link Linear}. */
export interface LinearOptions extends LayerOptions {
  /** Add a learned bias. Default true. */
  readonly bias?: boolean;
  /** Source of the initial values. Default: the generator that `manualSeed()` seeds. */
  readonly generator?: Generator;
}

/**
 * y = x·Wᵀ + b over the last axis: `[…, inFeatures]` → `[…, outFeatures]`. Weight `[outFeatures, inFeatures]` and bias
 * start uniform in ± 1/√inFeatures, as in torch.
 *
 * @throws ShapeError where the last axis is not `inFeatures`.
 *
 * @example
 * ```ts
 * import { Linear } from '@nadir/nn';
 * import { ones } from '@nadir/tensor';
 * const layer = new Linear(3, 2);
 * layer(ones([5, 3])).shape; // => [ 5, 2 ]
 * ```
 */
export class Linear extends Module {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly weight: Tensor;
  readonly bias: Tensor | null;

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    checkSize('Linear', 'inFeatures', inFeatures, 0);
    checkSize('Linear', 'outFeatures', outFeatures, 0);
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.weight = this.parameter(
      kaimingUniform([outFeatures, inFeatures], { ...options, slope: Math.sqrt(5) }),
    );
    const bound = inFeatures > 0 ? 1 / Math.sqrt(inFeatures) : 0;
    this.bias =
      options.bias === false ? null : this.parameter(uniform([outFeatures], -bound, bound, options));
  }

  override forward(x: Tensor): Tensor {
    if (x.shape.at(-1) !== this.inFeatures) {
      throw new ShapeError(
        `Linear(): the last axis must have ${this.inFeatures} features, got shape [${x.shape.join(', ')}]. ` +
          'flatten() images first, or build the layer for that size.',
      );
    }
    const product = x.matmul(this.weight.T);
    return this.bias === null ? product : product.add(this.bias);
  }

  protected override describe(): string {
    return `${this.inFeatures}, ${this.outFeatures}${this.bias === null ? ', bias: false' : ''}`;
  }
}
