import type * as jaxJs from '@jax-js/jax';
import { readData, type WorkloadData } from '../data-file.ts';
import { meanSquare } from '../mean-square.ts';
import type { Subject, System } from '../subject.ts';
import { importPeer, peerVersion } from './import-peer.ts';

type Jax = typeof jaxJs;
type JaxArray = jaxJs.Array;
/** Arrays by name. jax-js counts references: who passes an array on gives it away, and `.ref` makes one more. */
type Arrays = Record<string, JaxArray>;
type LossOf = (params: Arrays, x: JaxArray, y: JaxArray) => JaxArray;

/** How a parameter is updated. */
interface Rule {
  /** Arrays shaped as the parameter that it keeps, 0 at first. */
  readonly slots: number;
  /** Scalars of a step, counted from 1: computed outside of the program, which would do so for every element. */
  scalars(step: number): readonly number[];
  update(
    param: JaxArray,
    gradient: JaxArray,
    slots: readonly JaxArray[],
    scalars: readonly JaxArray[],
  ): { readonly param: JaxArray; readonly slots: readonly JaxArray[] };
}

interface Recipe {
  readonly lossOf: LossOf;
  readonly rule: Rule;
}

/** jax-js, the whole step in one `jit`. */
export async function jaxJsSystem(): Promise<System> {
  const jax = await importPeer<Jax>('@jax-js/jax', '@jax-js/jax');
  const [models, operations] = [trainingOf(jax), operationsOf(jax)];
  return {
    version: peerVersion('@jax-js/jax'),
    async open(name, path) {
      const data = await readData(path);
      if (name === 'adam') return openUpdate(jax, data);
      const operation = operations[name];
      return operation === undefined
        ? openTraining(jax, models[name]!, data)
        : openOperation(jax, operation, data);
    },
  };
}

function arrayOf({ numpy }: Jax, x: WorkloadData['state'][string]): JaxArray {
  const { data } = x;
  const elements = data instanceof Int32Array ? data : Float32Array.from(data);
  return numpy.array(elements as Float32Array<ArrayBuffer>).reshape([...x.shape]);
}

function arraysOf(jax: Jax, state: WorkloadData['state']): Arrays {
  return Object.fromEntries(Object.entries(state).map(([name, x]) => [name, arrayOf(jax, x)]));
}

function openTraining(jax: Jax, { lossOf, rule }: Recipe, { state, batches }: WorkloadData): Subject {
  const { jit, numpy: np, valueAndGrad } = jax;
  let params = arraysOf(jax, state);
  const names = Object.keys(params);
  let slots = names.map((name) =>
    Array.from({ length: rule.slots }, () => np.zeros([...state[name]!.shape])),
  );
  const data = batches.map((batch) => batch.map((x) => arrayOf(jax, x)));

  type State = [params: Arrays, slots: JaxArray[][]];
  type Args = [...State, x: JaxArray, y: JaxArray, ...scalars: JaxArray[]];
  const step = jit((...[old, before, x, y, ...scalars]: Args) => {
    const refs = Object.fromEntries(names.map((name) => [name, old[name]!.ref]));
    const [loss, gradients] = valueAndGrad(lossOf)(refs, x, y) as unknown as [JaxArray, Arrays];
    const updates = names.map((name, index) =>
      rule.update(old[name]!, gradients[name]!, before[index]!, scalars),
    );
    return [
      Object.fromEntries(names.map((name, index) => [name, updates[index]!.param])),
      updates.map((update) => [...update.slots]),
      loss,
    ];
  }) as unknown as (...args: Args) => [...State, loss: JaxArray];

  let [done, last] = [0, NaN];
  return {
    run(steps) {
      for (let i = 0; i < steps; i++) {
        const [x, y] = data[done % data.length]!;
        const scalars = rule.scalars(++done).map((value) => np.array(value));
        let loss: JaxArray;
        [params, slots, loss] = step(params, slots, x!.ref, y!.ref, ...scalars);
        // Of item(), data() and dataSync() the fastest in Node.
        last = loss.dataSync()[0]!;
      }
    },
    value: () => last,
    close() {
      for (const array of [...Object.values(params), ...slots.flat(), ...data.flat()]) array.dispose();
    },
  };
}

function momentum(): Rule {
  return {
    slots: 1,
    scalars: () => [],
    update(param, gradient, [velocity]) {
      const next = velocity!.mul(0.9).add(gradient);
      return { param: param.sub(next.ref.mul(0.01)), slots: [next] };
    },
  };
}

function sgd(): Rule {
  return {
    slots: 0,
    scalars: () => [],
    update: (param, gradient) => ({ param: param.sub(gradient.mul(0.01)), slots: [] }),
  };
}

/** Adam as torch has it, with decay of the weights apart from the gradient. */
function adam({ numpy: np }: Jax, lr: number, decay: number): Rule {
  const [b1, b2, epsilon] = [0.9, 0.999, 1e-8];
  return {
    slots: 2,
    scalars: (step) => [lr / (1 - b1 ** step), 1 / Math.sqrt(1 - b2 ** step)],
    update(param, gradient, [m, v], [rate, scale]) {
      const first = m!.mul(b1).add(gradient.ref.mul(1 - b1));
      const second = v!.mul(b2).add(np.square(gradient).mul(1 - b2));
      const size = np.sqrt(second.ref).mul(scale!.ref).add(epsilon);
      const update = first.ref.div(size).mul(rate!.ref);
      const kept = decay === 0 ? param : param.mul(1 - lr * decay);
      return { param: kept.sub(update), slots: [first, second] };
    },
  };
}

function trainingOf(jax: Jax): Readonly<Record<string, Recipe>> {
  const { lax, nn, numpy: np } = jax;
  const dense = (x: JaxArray, p: Arrays, name: string): JaxArray =>
    np.matmul(x, np.transpose(p[`${name}weight`]!)).add(p[`${name}bias`]!);
  const meanSquare = (x: JaxArray, y: JaxArray): JaxArray => np.square(x.sub(y)).mean();
  const crossEntropy = (logits: JaxArray, y: JaxArray): JaxArray => {
    const [rows, classes] = logits.shape as [number, number];
    return nn
      .logSoftmax(logits)
      .mul(nn.oneHot(y, classes))
      .sum()
      .mul(-1 / rows);
  };
  const perceptron: LossOf = (p, x, y) => {
    const h = nn.relu(dense(nn.relu(dense(x, p, '0.')), p, '2.'));
    return crossEntropy(dense(h, p, '4.'), y);
  };
  const convolve = (x: JaxArray, p: Arrays, name: string): JaxArray => {
    const y = lax.conv(x, p[`${name}weight`]!, [1, 1], 'SAME');
    return nn.relu(y.add(p[`${name}bias`]!.reshape([-1, 1, 1])));
  };
  const pool = (x: JaxArray): JaxArray => {
    const [n, c, h, w] = x.shape as [number, number, number, number];
    return x.reshape([n, c, h / 2, 2, w / 2, 2]).max([3, 5]);
  };
  const convolutional: LossOf = (p, x, y) => {
    const h = pool(convolve(pool(convolve(x, p, '0.')), p, '3.'));
    return crossEntropy(dense(nn.relu(dense(h.reshape([64, -1]), p, '7.')), p, '9.'), y);
  };
  const norm = (x: JaxArray, p: Arrays, name: string): JaxArray =>
    nn.standardize(x, -1).mul(p[`${name}.weight`]!).add(p[`${name}.bias`]!);
  const character: LossOf = (p, x, y) => {
    const [batch, context] = x.shape as [number, number];
    let h = np.take(p['tokens.weight']!, x, 0).add(p['positions.weight']!);
    for (let i = 0; i < 4; i++) {
      const at = `blocks.${i}.`;
      const split = dense(norm(h.ref, p, `${at}attention_norm`), p, `${at}attention.`).reshape([
        batch,
        context,
        3,
        4,
        -1,
      ]);
      const [q, k] = [0, 1].map((part) => split.ref.slice([], [], part));
      const mixed = nn.dotProductAttention(q!, k!, split.slice([], [], 2), { isCausal: true });
      h = h.add(dense(mixed.reshape([batch, context, -1]), p, `${at}projection.`));
      const up = dense(norm(h.ref, p, `${at}perceptron_norm`), p, `${at}up.`);
      h = h.add(dense(nn.gelu(up), p, `${at}down.`));
    }
    const logits = np.matmul(norm(h, p, 'norm'), np.transpose(p['head.weight']!));
    return crossEntropy(logits.reshape([batch * context, -1]), y);
  };
  return {
    A: { lossOf: (p, x, y) => meanSquare(p['theta']!.mul(x), y), rule: sgd() },
    B: { lossOf: (p, x, y) => meanSquare(dense(x, p, ''), y), rule: sgd() },
    'C64-sgdm': { lossOf: perceptron, rule: momentum() },
    'C64-adam': { lossOf: perceptron, rule: adam(jax, 1e-3, 0) },
    'C512-sgdm': { lossOf: perceptron, rule: momentum() },
    'C512-adam': { lossOf: perceptron, rule: adam(jax, 1e-3, 0) },
    D: { lossOf: convolutional, rule: adam(jax, 1e-3, 0) },
    E: { lossOf: character, rule: adam(jax, 3e-4, 0.01) },
  };
}

type Operation = (operands: Arrays) => JaxArray;

/** The program of an operation over its operands. */
function operationsOf({ lax, nn, numpy: np, grad }: Jax): Readonly<Record<string, Operation>> {
  const conv = (x: JaxArray, weight: JaxArray): JaxArray => lax.conv(x, weight, [1, 1], 'SAME');
  const matmul: Operation = ({ a, b }) => np.matmul(a!, b!);
  return {
    'matmul-256': matmul,
    'matmul-512': matmul,
    'matmul-1024': matmul,
    'matmul-2048': matmul,
    conv: ({ x, weight }) => conv(x!, weight!),
    // The loss is linear in what is differentiated, so that its value there does not matter.
    'conv-input-grad': ({ dy, weight }) =>
      grad((x: JaxArray) => conv(x, weight!).mul(dy!).sum())(np.zeros([64, 32, 14, 14])),
    'conv-weight-grad': ({ dy, x }) =>
      grad((weight: JaxArray) => conv(x!, weight).mul(dy!).sum())(np.zeros([64, 32, 3, 3])),
    softmax: ({ x }) => nn.softmax(x!),
  };
}

function openOperation(jax: Jax, operation: Operation, { state }: WorkloadData): Subject {
  const operands = arraysOf(jax, state);
  const program = jax.jit(operation);
  let result: JaxArray | undefined;
  return {
    async run(steps) {
      for (let i = 0; i < steps; i++) {
        result?.dispose();
        result = program(jax.tree.ref(operands)) as JaxArray;
        await result.blockUntilReady();
      }
    },
    value: () => meanSquare(result!.ref.dataSync()),
    close() {
      result?.dispose();
      jax.tree.dispose(operands);
    },
  };
}

function openUpdate(jax: Jax, { state }: WorkloadData): Subject {
  const { numpy: np } = jax;
  const gradient = arrayOf(jax, state['gradient']!);
  const rule = adam(jax, 1e-3, 0);
  type State = JaxArray[];
  const program = jax.jit((...[weight, m, v, dw, ...scalars]: JaxArray[]) => {
    const { param, slots } = rule.update(weight!, dw!, [m!, v!], scalars);
    return [param, ...slots];
  }) as unknown as (...args: JaxArray[]) => State;
  let current: State = [0, 1, 2].map(() => np.zeros([...gradient.shape]));
  let done = 0;
  return {
    async run(steps) {
      for (let i = 0; i < steps; i++) {
        const scalars = rule.scalars(++done).map((value) => np.array(value));
        current = program(...current, gradient.ref, ...scalars);
        await jax.blockUntilReady(current);
      }
    },
    value: () => meanSquare(current[0]!.ref.dataSync()),
    close() {
      for (const array of [gradient, ...current]) array.dispose();
    },
  };
}
