import { expect, it } from 'vitest';
import {
  AvgPool2d,
  BatchNorm2d,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  Embedding,
  LayerNorm,
  Linear,
  MaxPool2d,
  RMSNorm,
} from '@nadir/nn';
import { tensor } from '@nadir/tensor';

it.each([
  [() => new Linear(-1, 2), 'Linear(): inFeatures must be a whole number of at least 0, got -1.'],
  [() => new Linear(2, 2.5), 'Linear(): outFeatures must be a whole number of at least 0, got 2.5.'],
  [() => new Conv1d(3, 4, 0), 'Conv1d(): kernelSize must be a whole number of at least 1, got 0.'],
  [() => new Conv2d(0, 4, 3), 'Conv2d(): inChannels must be a whole number of at least 1, got 0.'],
  [() => new Conv2d(3, 4, [3, -1]), 'Conv2d(): kernelSize must be a whole number of at least 1, got -1.'],
  [
    () => new ConvTranspose2d(3, -4, 2),
    'ConvTranspose2d(): outChannels must be a whole number of at least 1, got -4.',
  ],
  [() => new MaxPool2d(0), 'MaxPool2d(): kernelSize must be a whole number of at least 1, got 0.'],
  [() => new AvgPool2d([2, 0.5]), 'AvgPool2d(): kernelSize must be a whole number of at least 1, got 0.5.'],
  [() => new BatchNorm2d(-1), 'BatchNorm2d(): channels must be a whole number of at least 1, got -1.'],
  [
    () => new LayerNorm([3, -3]),
    'LayerNorm(): normalizedShape must be a whole number of at least 1, got -3.',
  ],
  [() => new RMSNorm(0), 'RMSNorm(): normalizedShape must be a whole number of at least 1, got 0.'],
  [() => new Embedding(0, 2), 'Embedding(): count must be a whole number of at least 1, got 0.'],
  [() => new Embedding(3, 2)(tensor([5], { dtype: 'int32' })), 'Embedding(): tokens must be 0 to 2.'],
])('a layer names itself and what is wrong (%#)', (act, message) => {
  expect(act).toThrow(message);
});
