import { parameter } from '@nadir/autograd';
import { isFloat } from '@nadir/tensor';
import { assertAllClose } from '@nadir/tensor/testing';
import { describe, expect, it } from 'vitest';
import * as nn from '../../src/index.ts';
import {
  AvgPool2d,
  BatchNorm1d,
  BatchNorm2d,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  Dropout,
  ELU,
  Embedding,
  Flatten,
  GELU,
  Identity,
  LayerNorm,
  LeakyReLU,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  RMSNorm,
  Sequential,
  Sigmoid,
  SiLU,
  Softmax,
  Tanh,
} from '../../src/index.ts';
import { fixture, restored, restoredAll } from '../torch-fixture.ts';

const dtype = 'float64';

/** The layers of the fixture script, by its names. */
const layers: Readonly<Record<string, () => Module>> = {
  linear: () => new Linear(3, 2, { dtype }),
  'linear without bias, more axes': () => new Linear(3, 2, { dtype, bias: false }),
  conv2d: () => new Conv2d(4, 6, 3, { dtype }),
  'conv2d groups, stride, padding': () => new Conv2d(4, 6, 3, { dtype, groups: 2, stride: 2, padding: 1 }),
  'conv2d dilation, pairs': () =>
    new Conv2d(4, 2, [3, 2], { dtype, dilation: [2, 1], stride: [1, 2], padding: [0, 1] }),
  'conv2d same': () => new Conv2d(4, 2, [4, 3], { dtype, padding: 'same', bias: false }),
  'conv2d depthwise': () => new Conv2d(4, 8, 3, { dtype, groups: 4, padding: 'valid' }),
  conv1d: () => new Conv1d(4, 6, 3, { dtype, groups: 2, stride: 2, padding: 1, dilation: 2 }),
  'conv1d same, without bias': () => new Conv1d(3, 2, 4, { dtype, padding: 'same', bias: false }),
  'conv transpose': () => new ConvTranspose2d(4, 3, 3, { dtype }),
  'conv transpose groups, stride, padding': () =>
    new ConvTranspose2d(4, 6, [3, 2], {
      dtype,
      groups: 2,
      stride: 2,
      padding: 1,
      outputPadding: 1,
      dilation: [1, 2],
    }),
  'batch norm 1d': () => new BatchNorm1d(3, { dtype }),
  'batch norm 1d of sequences': () => new BatchNorm1d(3, { dtype, eps: 1e-3, momentum: 0.3 }),
  'batch norm 1d eval': () => new BatchNorm1d(3, { dtype }),
  'batch norm 2d': () => new BatchNorm2d(4, { dtype }),
  'batch norm 2d cumulative': () => new BatchNorm2d(4, { dtype, momentum: null }),
  'batch norm 2d not affine': () => new BatchNorm2d(4, { dtype, affine: false }),
  'batch norm 2d eval': () => new BatchNorm2d(4, { dtype }),
  'layer norm': () => new LayerNorm(3, { dtype }),
  'layer norm two axes': () => new LayerNorm([2, 3], { dtype, eps: 1e-2 }),
  'layer norm not affine': () => new LayerNorm(3, { dtype, affine: false }),
  'rms norm': () => new RMSNorm(3, { dtype }),
  'rms norm eps, not affine': () => new RMSNorm([2, 3], { dtype, eps: 1e-2, affine: false }),
  embedding: () => new Embedding(5, 3, { dtype }),
  'max pool': () => new MaxPool2d(2),
  'max pool stride, padding, dilation': () =>
    new MaxPool2d([3, 2], { stride: 1, padding: [1, 0], dilation: [1, 2] }),
  'average pool': () => new AvgPool2d(2),
  'average pool stride, padding': () =>
    new AvgPool2d([3, 2], { stride: 2, padding: 1, countIncludePad: false }),
  relu: () => new ReLU(),
  'leaky relu': () => new LeakyReLU(0.2),
  elu: () => new ELU(0.7),
  gelu: () => new GELU(),
  'gelu tanh': () => new GELU({ approximate: 'tanh' }),
  silu: () => new SiLU(),
  tanh: () => new Tanh(),
  sigmoid: () => new Sigmoid(),
  softmax: () => new Softmax(),
  'softmax of an axis': () => new Softmax(1),
  flatten: () => new Flatten(),
  identity: () => new Identity(),
  'dropout eval': () => new Dropout(0.5),
  network: () =>
    new Sequential(
      new Conv2d(1, 2, 3, { dtype }),
      new BatchNorm2d(2, { dtype }),
      new ReLU(),
      new MaxPool2d(2),
      new Flatten(),
      new Linear(8, 3, { dtype }),
    ),
};

describe(`layers of torch ${fixture.torch}`, () => {
  it('all have a fixture', () => {
    expect(Object.keys(layers).sort()).toEqual(fixture.layers.map(({ name }) => name).sort());
  });

  it('cover every layer that is exported', () => {
    const exported = Object.values(nn).filter(
      (value) => typeof value === 'function' && value.prototype instanceof Module,
    );
    const built = Object.values(layers).map((make) => make().constructor);
    const uncovered = exported.filter((layer) => !built.includes(layer));
    expect(uncovered.map(({ name }) => name)).toEqual([]);
  });

  for (const { name, train, state, inputs, ...expected } of fixture.layers) {
    it(name, () => {
      const layer = layers[name]!().train(train);
      layer.loadStateDict(restoredAll(state));
      const batches = inputs.map(restored);
      const last = batches.pop()!;
      for (const batch of batches) layer(batch);
      const x = isFloat(last.dtype) ? parameter(last) : last;
      const output = layer(x);
      assertAllClose(output, restored(expected.output));
      output.backward(restored(expected.seed));
      if (expected.inputGradient !== null) assertAllClose(x.grad!, restored(expected.inputGradient));
      const gradients = [...layer.namedParameters()];
      expect(gradients.map(([key]) => key)).toEqual(Object.keys(expected.gradients));
      for (const [key, { grad }] of gradients) assertAllClose(grad!, restored(expected.gradients[key]!));
      const buffers = [...layer.namedBuffers()];
      expect(buffers.map(([key]) => key)).toEqual(Object.keys(expected.buffers));
      for (const [key, value] of buffers) assertAllClose(value, restored(expected.buffers[key]!));
    });
  }
});
