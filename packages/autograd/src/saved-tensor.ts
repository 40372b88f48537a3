import { formatShape, GradientError, type Tensor } from '@nadir/tensor';

/** A value that a backward pass needs, and the version of its storage when it was saved. */
export class SavedTensor {
  readonly #tensor: Tensor;
  readonly #version: number;

  constructor(tensor: Tensor) {
    this.#tensor = tensor;
    this.#version = tensor.storage.version;
  }

  /** The tensor. Throws a GradientError that names `what` and `op` if it was changed in place since. */
  read(op: string, what: string): Tensor {
    const { shape, storage } = this.#tensor;
    if (storage.version !== this.#version) {
      throw new GradientError(
        `backward(): ${op} needs ${what} of shape ${formatShape(shape)} as it was, but it was changed in place since ` +
          `(version ${storage.version}, saved at ${this.#version}). ` +
          'Call backward() before assign(), or compute with a clone() of it.',
      );
    }
    return this.#tensor;
  }
}
