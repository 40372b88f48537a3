import {
  avgPool2d,
  maxPool2d,
  type AvgPool2dOptions,
  type MaxPool2dOptions,
  type Tensor,
} from '@nadir/tensor';
import { Module } from '../module.ts';
import { optionText } from './option-text.ts';
import { checkSizes } from './size-check.ts';

/**
 * The greatest value of each window of `kernelSize`; `stride` defaults to the kernel.
 *
 * @example
 * ```ts
 * import { MaxPool2d } from '@nadir/nn';
 * import { arange } from '@nadir/tensor';
 * new MaxPool2d(2)(arange(8).reshape([1, 1, 2, 4])).toArray(); // => [[[[5, 7]]]]
 * ```
 */
export class MaxPool2d extends Module {
  readonly #options: MaxPool2dOptions;

  constructor(
    kernelSize: MaxPool2dOptions['kernelSize'],
    options: Omit<MaxPool2dOptions, 'kernelSize'> = {},
  ) {
    super();
    checkSizes('MaxPool2d', 'kernelSize', kernelSize);
    this.#options = { kernelSize, ...options };
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.#options);
  }

  protected override describe(): string {
    return optionText(this.#options);
  }
}

/**
 * The mean of each window of `kernelSize`; `stride` defaults to the kernel.
 *
 * @example
 * ```ts
 * import { AvgPool2d } from '@nadir/nn';
 * import { arange } from '@nadir/tensor';
 * new AvgPool2d(2)(arange(8).reshape([1, 1, 2, 4])).toArray(); // => [[[[2.5, 4.5]]]]
 * ```
 */
export class AvgPool2d extends Module {
  readonly #options: AvgPool2dOptions;

  constructor(
    kernelSize: AvgPool2dOptions['kernelSize'],
    options: Omit<AvgPool2dOptions, 'kernelSize'> = {},
  ) {
    super();
    checkSizes('AvgPool2d', 'kernelSize', kernelSize);
    this.#options = { kernelSize, ...options };
  }

  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.#options);
  }

  protected override describe(): string {
    return optionText(this.#options);
  }
}
