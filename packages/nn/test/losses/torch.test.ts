import { parameter } from '@nadir/autograd';
import type { Tensor } from '@nadir/tensor';
import { assertAllClose } from '@nadir/tensor/testing';
import { describe, expect, it } from 'vitest';
import * as nn from '../../src/index.ts';
import {
  bceWithLogits,
  crossEntropy,
  huberLoss,
  klDivergence,
  l1Loss,
  mseLoss,
  nllLoss,
} from '../../src/index.ts';
import { fixture, restored, type Stored } from '../torch-fixture.ts';

type Loss = (a: Tensor, b: Tensor, options: Readonly<Record<string, unknown>>) => Tensor;

/** The losses by the names of their counterparts in torch.nn.functional. */
const losses: Readonly<Record<string, Loss>> = {
  mse_loss: mseLoss,
  l1_loss: l1Loss,
  huber_loss: huberLoss,
  binary_cross_entropy_with_logits: (logits, target, { posWeight, ...rest }) =>
    bceWithLogits(logits, target, {
      ...rest,
      ...(posWeight === undefined ? {} : { positiveWeight: posWeight as Tensor }),
    }),
  cross_entropy: crossEntropy,
  nll_loss: nllLoss,
  kl_div: klDivergence,
};

function isStored(value: unknown): value is Stored {
  return typeof value === 'object' && value !== null && 'shape' in value;
}

describe(`losses of torch ${fixture.torch}`, () => {
  it('are all that there are', () => {
    const exported = Object.keys(nn).filter((name) => /Loss$|Logits$|Entropy$|Divergence$/.test(name));
    expect(exported.length).toBe(Object.keys(losses).length);
    expect(new Set(fixture.losses.map((one) => one.function))).toEqual(new Set(Object.keys(losses)));
  });

  for (const { name, function: torchName, inputs, options, output, seed, gradients } of fixture.losses) {
    it(name, () => {
      const operands = inputs.map((input, i) => {
        const x = restored(input);
        return gradients[i] === null ? x : parameter(x);
      });
      const own = Object.fromEntries(
        Object.entries(options).map(([key, value]) => [key, isStored(value) ? restored(value) : value]),
      );
      const result = losses[torchName]!(operands[0]!, operands[1]!, own);
      assertAllClose(result, restored(output));
      result.backward(restored(seed));
      for (const [i, gradient] of gradients.entries()) {
        if (gradient !== null) assertAllClose(operands[i]!.grad!, restored(gradient));
      }
    });
  }
});
