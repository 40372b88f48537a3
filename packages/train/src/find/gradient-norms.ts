import { compile } from '@nadir/compiler';
import { noGrad } from '@nadir/autograd';
import { tensor, zerosLike, type Executor, type Tensor } from '@nadir/tensor';
import { asForward, batchSizeOf, type ForwardFunction } from '../evaluate.ts';
import type { GradientNorms } from './noise-scale.ts';
import type { Subject } from './without-trace.ts';

function squaredNorm(tensors: readonly Tensor[]): Tensor {
  return tensors.map((x) => x.cast('float64').square().sum()).reduce((a, b) => a.add(b));
}

/** What measures gradients while it trains. */
export interface GradientMeter<Batch> {
  /** Takes one step on micro-batches of one size, and returns the norms of its gradients; null where one is not finite. */
  step(micro: readonly Batch[]): (GradientNorms & { readonly loss: number }) | null;
  dispose(): void;
}

/** Makes training steps that show the norms of the gradients of their micro-batches, and of their mean. */
export function gradientMeter<Batch>(
  { model, optimizer }: Subject,
  forward: ForwardFunction<Batch>,
  executor: Executor | null,
): GradientMeter<Batch> {
  const parameters = model.parameters().filter(({ requiresGrad }) => requiresGrad);
  const sums = parameters.map((parameter) => zerosLike(parameter));
  const gradients = (): Tensor[] => parameters.map(({ grad }, i) => grad?.detach() ?? zerosLike(sums[i]!));
  const add = (batch: Batch, isFirst: boolean): { loss: Tensor; norm: Tensor } => {
    optimizer.zeroGrad();
    const { loss } = asForward(forward(batch));
    loss.backward();
    const own = gradients();
    noGrad(() => own.forEach((gradient, i) => sums[i]!.assign(isFirst ? gradient : sums[i]!.add(gradient))));
    return { loss: loss.detach().reshape([]), norm: noGrad(() => squaredNorm(own)) };
  };
  const update = (share: Tensor): Tensor => {
    const means = sums.map((sum) => sum.mul(share.cast(sum.dtype)));
    parameters.forEach((parameter, i) => (parameter.grad = means[i]!));
    optimizer.step();
    return noGrad(() => squaredNorm(means));
  };
  const steps =
    executor === null
      ? { add, update, dispose: () => {} }
      : (() => {
          const [adding, updating] = [compile(add, { executor }), compile(update, { executor })];
          const dispose = (): void => {
            adding.dispose();
            updating.dispose();
          };
          return { add: adding, update: updating, dispose };
        })();
  return {
    step(micro) {
      model.train(true);
      let [loss, small] = [0, 0];
      for (const [index, batch] of micro.entries()) {
        const part = steps.add(batch, index === 0);
        loss += part.loss.item() / micro.length;
        small += part.norm.item() / micro.length;
      }
      optimizer.zeroGrad();
      if (!Number.isFinite(loss) || !Number.isFinite(small)) return null;
      const big = steps.update(tensor(1 / micro.length, { dtype: 'float64' })).item();
      optimizer.zeroGrad();
      const smallSize = batchSizeOf(micro[0]);
      return { loss, smallSize, small, bigSize: micro.length * smallSize, big };
    },
    dispose: steps.dispose,
  };
}
