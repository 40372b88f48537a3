import type * as tfjs from '@tensorflow/tfjs-core';
import { createJiti } from 'jiti';
import { readData, type WorkloadData } from '../data-file.ts';
import { meanSquare } from '../mean-square.ts';
import { UnsupportedError, type Subject, type System } from '../subject.ts';
import { importPeer, peerVersion } from './import-peer.ts';

type Tf = typeof tfjs;
type TfTensor = tfjs.Tensor;
type Tensors = Readonly<Record<string, TfTensor>>;

interface Recipe {
  readonly lossOf: (params: Tensors, x: TfTensor, y: TfTensor) => tfjs.Scalar;
  readonly optimizer: () => tfjs.Optimizer;
  /** What is left of every parameter before each update; default all. */
  readonly keep?: number;
}

const core = '@tensorflow/tfjs-core';
const backend = '@tensorflow/tfjs-backend-wasm';

/** TensorFlow.js on its WebAssembly backend, which has one thread in Node. */
export async function tfjsWasmSystem(): Promise<System> {
  const { default: tf } = await importPeer<{ readonly default: Tf }>(core, `${core} ${backend}`);
  await importPeer(backend, `${core} ${backend}`);
  // Gradients are a module that only bundlers can load, and jiti. The package @tensorflow/tfjs has it built in, and weighs 140 MB.
  await createJiti(import.meta.url).import(`${core}/dist/register_all_gradients.js`);
  await tf.setBackend('wasm');
  const [models, operations] = [trainingOf(tf), operationsOf(tf)];
  return {
    version: peerVersion(core),
    async open(name, path) {
      const [model, operation] = [models[name], operations[name]];
      if (model === undefined && operation === undefined && name !== 'adam') {
        throw new UnsupportedError('its WebAssembly backend has no gradient of convolution weights');
      }
      const data = await readData(path);
      if (model !== undefined) return openTraining(tf, model, data);
      return operation === undefined ? openUpdate(tf, data) : openOperation(tf, operation, data);
    },
  };
}

function tensorOf({ tensor }: Tf, x: WorkloadData['state'][string]): TfTensor {
  const { data } = x;
  return data instanceof Int32Array
    ? tensor(data, [...x.shape], 'int32')
    : tensor(Float32Array.from(data), [...x.shape], 'float32');
}

function openTraining(
  tf: Tf,
  { lossOf, optimizer: make, keep = 1 }: Recipe,
  { state, batches }: WorkloadData,
): Subject {
  const params: Record<string, tfjs.Variable> = {};
  for (const [name, x] of Object.entries(state)) params[name] = tf.variable(tensorOf(tf, x));
  const data = batches.map((batch) => batch.map((x) => tensorOf(tf, x)));
  const optimizer = make();
  let [done, last] = [0, NaN];
  return {
    run(steps) {
      for (let i = 0; i < steps; i++, done++) {
        const [x, y] = data[done % data.length]!;
        const loss = tf.tidy(() => {
          const { value, grads } = tf.variableGrads(() => lossOf(params, x!, y!));
          if (keep !== 1) for (const param of Object.values(params)) param.assign(tf.mul(param, keep));
          optimizer.applyGradients(grads);
          return value;
        });
        last = loss.dataSync()[0]!;
        loss.dispose();
      }
    },
    value: () => last,
    close() {
      optimizer.dispose();
      tf.disposeVariables();
      tf.dispose(data.flat());
    },
  };
}

function trainingOf(tf: Tf): Readonly<Record<string, Recipe>> {
  const dense = (x: TfTensor, p: Tensors, name: string): TfTensor =>
    tf.add(tf.matMul(x, p[`${name}weight`]!, false, true), p[`${name}bias`]!);
  const crossEntropy = (logits: TfTensor, y: TfTensor): tfjs.Scalar =>
    tf.losses.softmaxCrossEntropy(tf.oneHot(y, logits.shape[1]!), logits);
  const perceptron: Recipe['lossOf'] = (p, x, y) => {
    const h = tf.relu(dense(tf.relu(dense(x, p, '0.')), p, '2.'));
    return crossEntropy(dense(h, p, '4.'), y);
  };
  const sgd = (): tfjs.Optimizer => tf.train.sgd(0.01);
  const momentum = (): tfjs.Optimizer => tf.train.momentum(0.01, 0.9);
  const adam = (): tfjs.Optimizer => tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
  return {
    A: { lossOf: (p, x, y) => tf.losses.meanSquaredError(y, tf.mul(p['theta']!, x)), optimizer: sgd },
    B: { lossOf: (p, x, y) => tf.losses.meanSquaredError(y, dense(x, p, '')), optimizer: sgd },
    'C64-sgdm': { lossOf: perceptron, optimizer: momentum },
    'C64-adam': { lossOf: perceptron, optimizer: adam },
    'C512-sgdm': { lossOf: perceptron, optimizer: momentum },
    'C512-adam': { lossOf: perceptron, optimizer: adam },
    E: {
      lossOf: (p, x, y) => crossEntropy(characterModel(tf, p, x), y),
      optimizer: () => tf.train.adam(3e-4, 0.9, 0.999, 1e-8),
      keep: 1 - 3e-4 * 0.01,
    },
  };
}

function characterModel(tf: Tf, p: Tensors, x: TfTensor): TfTensor {
  const [batch, context] = x.shape as [number, number];
  const [heads, rows] = [4, batch * context];
  const width = p['norm.weight']!.shape[0]!;
  // Products are of matrices, so that all but the attention works on rows.
  const dense = (h: TfTensor, name: string): TfTensor =>
    tf.add(tf.matMul(h, p[`${name}.weight`]!, false, true), p[`${name}.bias`]!);
  const norm = (h: TfTensor, name: string): TfTensor => {
    const centered = tf.sub(h, tf.mean(h, -1, true));
    const variance = tf.mean(tf.square(centered), -1, true);
    const scaled = tf.mul(centered, tf.rsqrt(tf.add(variance, 1e-5)));
    return tf.add(tf.mul(scaled, p[`${name}.weight`]!), p[`${name}.bias`]!);
  };
  const gelu = (h: TfTensor): TfTensor => {
    const inner = tf.mul(tf.add(h, tf.mul(tf.mul(tf.square(h), h), 0.044715)), Math.sqrt(2 / Math.PI));
    return tf.mul(tf.mul(h, 0.5), tf.add(tf.tanh(inner), 1));
  };
  const position = tf.range(0, context);
  const isLater = tf.less(tf.reshape(position, [context, 1]), position);
  const mask = tf.mul(tf.cast(isLater, 'float32'), -1e9);

  // The gradient of gather() has no WebAssembly kernel; a product by rows of the identity has.
  const chosen = tf.oneHot(tf.reshape(x, [rows]), p['tokens.weight']!.shape[0]!);
  const embedded = tf.reshape(tf.matMul(tf.cast(chosen, 'float32'), p['tokens.weight']!), [
    batch,
    context,
    width,
  ]);
  let h: TfTensor = tf.reshape(tf.add(embedded, p['positions.weight']!), [rows, width]);
  for (let i = 0; i < 4; i++) {
    const at = `blocks.${i}.`;
    const qkv = tf.split(dense(norm(h, `${at}attention_norm`), `${at}attention`), 3, -1);
    const [q, k, v] = qkv.map((part) =>
      tf.transpose(tf.reshape(part, [batch, context, heads, width / heads]), [0, 2, 1, 3]),
    );
    const scores = tf.add(tf.mul(tf.matMul(q!, k!, false, true), 1 / Math.sqrt(width / heads)), mask);
    const mixed = tf.transpose(tf.matMul(tf.softmax(scores), v!), [0, 2, 1, 3]);
    h = tf.add(h, dense(tf.reshape(mixed, [rows, width]), `${at}projection`));
    h = tf.add(h, dense(gelu(dense(norm(h, `${at}perceptron_norm`), `${at}up`)), `${at}down`));
  }
  return tf.matMul(norm(h, 'norm'), p['head.weight']!, false, true);
}

interface Operation {
  /** Brings operands into the library's own layout, before anything is measured. */
  readonly prepare?: (operands: Tensors) => Tensors;
  readonly compute: (operands: Tensors) => TfTensor;
}

function operationsOf(tf: Tf): Readonly<Record<string, Operation>> {
  const matmul: Operation = { compute: ({ a, b }) => tf.matMul(a!, b!) };
  // Images are [N, H, W, C] here, weights [H, W, in, out].
  const image = (x: TfTensor): TfTensor => tf.transpose(x, [0, 2, 3, 1]);
  const filter = (x: TfTensor): TfTensor => tf.transpose(x, [2, 3, 1, 0]);
  return {
    'matmul-256': matmul,
    'matmul-512': matmul,
    'matmul-1024': matmul,
    'matmul-2048': matmul,
    conv: {
      prepare: ({ x, weight }) => ({ x: image(x!), weight: filter(weight!) }),
      compute: ({ x, weight }) => tf.conv2d(x as never, weight as never, 1, 'same'),
    },
    'conv-input-grad': {
      prepare: ({ dy, weight }) => ({ dy: image(dy!), weight: filter(weight!) }),
      compute: ({ dy, weight }) =>
        tf.conv2dTranspose(dy as never, weight as never, [64, 14, 14, 32], 1, 'same'),
    },
    softmax: { compute: ({ x }) => tf.softmax(x!) },
  };
}

function openOperation(
  tf: Tf,
  { prepare = (operands) => operands, compute }: Operation,
  { state }: WorkloadData,
): Subject {
  const operands = tf.tidy(() =>
    prepare(Object.fromEntries(Object.entries(state).map(([name, x]) => [name, tensorOf(tf, x)]))),
  );
  let result: TfTensor | undefined;
  return {
    run(steps) {
      for (let i = 0; i < steps; i++) {
        result?.dispose();
        result = tf.tidy(() => compute(operands));
      }
    },
    value: () => meanSquare(result!.dataSync()),
    close() {
      result?.dispose();
      tf.dispose({ ...operands });
    },
  };
}

function openUpdate(tf: Tf, { state }: WorkloadData): Subject {
  const gradient = tensorOf(tf, state['gradient']!);
  const weight = tf.variable(tf.zeros(gradient.shape), true, 'weight');
  const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
  return {
    run(steps) {
      for (let i = 0; i < steps; i++) optimizer.applyGradients([{ name: 'weight', tensor: gradient }]);
    },
    value: () => meanSquare(weight.dataSync()),
    close() {
      optimizer.dispose();
      tf.disposeVariables();
      gradient.dispose();
    },
  };
}
