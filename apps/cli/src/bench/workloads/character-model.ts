import { Embedding, LayerNorm, Linear, Module } from '@nadir/nn';
import { arange, gelu, softmax, type Tensor } from '@nadir/tensor';

/** Sizes of a {@link CharacterModel}. */
export interface CharacterModelOptions {
  readonly context: number;
  readonly width: number;
  readonly heads: number;
  readonly layers: number;
  readonly characters: number;
}

/** Causal attention and a perceptron, each after a layer norm and added to what came in. */
class Block extends Module {
  readonly #heads: number;
  readonly attentionNorm: LayerNorm;
  readonly attention: Linear;
  readonly projection: Linear;
  readonly perceptronNorm: LayerNorm;
  readonly up: Linear;
  readonly down: Linear;

  constructor(width: number, heads: number) {
    super();
    this.#heads = heads;
    this.attentionNorm = new LayerNorm(width);
    this.attention = new Linear(width, 3 * width);
    this.projection = new Linear(width, width);
    this.perceptronNorm = new LayerNorm(width);
    this.up = new Linear(width, 4 * width);
    this.down = new Linear(4 * width, width);
  }

  override forward(x: Tensor): Tensor {
    const [batch, context, width] = x.shape as [number, number, number];
    const size = width / this.#heads;
    const split = this.attention(this.attentionNorm(x))
      .reshape([batch, context, 3, this.#heads, size])
      .permute([2, 0, 3, 1, 4]);
    const [q, k, v] = [split.at(0), split.at(1), split.at(2)];
    const position = arange(context);
    const isLater = position.reshape([context, 1]).lt(position);
    const scores = q
      .matmul(k.transpose())
      .mul(1 / Math.sqrt(size))
      .maskedFill(isLater, -Infinity);
    const mixed = softmax(scores, -1).matmul(v).permute([0, 2, 1, 3]).reshape(x.shape);
    const h = x.add(this.projection(mixed));
    return h.add(this.down(gelu(this.up(this.perceptronNorm(h)), { approximate: 'tanh' })));
  }
}

/** A pre-norm transformer over characters with learned positions: int32 `[batch, context]` → `[batch, context, characters]`. */
export class CharacterModel extends Module {
  readonly tokens: Embedding;
  readonly positions: Embedding;
  readonly blocks: readonly Block[];
  readonly norm: LayerNorm;
  readonly head: Linear;

  constructor({ context, width, heads, layers, characters }: CharacterModelOptions) {
    super();
    this.tokens = new Embedding(characters, width);
    this.positions = new Embedding(context, width);
    this.blocks = Array.from({ length: layers }, () => new Block(width, heads));
    this.norm = new LayerNorm(width);
    this.head = new Linear(width, characters, { bias: false });
  }

  override forward(x: Tensor): Tensor {
    let h = this.tokens(x).add(this.positions.weight);
    for (const block of this.blocks) h = block(h);
    return this.head(this.norm(h));
  }
}
