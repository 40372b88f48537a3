import {
  formatShape,
  GradientError,
  guard,
  isFloat,
  isRecording,
  ones,
  sameShape,
  Slot,
  type BackwardOptions,
  type DType,
  type History,
  type PrimitiveAttributes,
  type PrimitiveName,
  type Shape,
  type Tensor,
} from '@nadir/tensor';
import { activeCollector, isGradEnabled } from './mode.ts';
import { differentiate, type Pass } from './pass.ts';
import { gradientRules } from './rules.ts';
import { saves, type GradientRule, type OperandRule, type Recorded } from './rule.ts';
import { SavedTensor } from './saved-tensor.ts';

/** Sees the gradient of a tensor; what it returns replaces it. */
type GradientHook = (gradient: Tensor) => Tensor | void;

/** What every history of this package has in common: the type of its tensor, hooks, and a slot for the gradient. */
export abstract class TapeHistory implements History {
  abstract readonly isLeaf: boolean;
  readonly shape: Shape;
  readonly dtype: DType;
  /** The pass that met this history last, and its place there: see {@link Pass}. */
  pass = 0;
  place = 0;
  #hooks: readonly GradientHook[] | null = null;

  constructor(shape: Shape, dtype: DType) {
    this.shape = shape;
    this.dtype = dtype;
  }

  abstract get gradient(): Tensor | null;

  abstract setGradient(gradient: Tensor | null): void;

  abstract retainGradient(tensor: Tensor): void;

  record<P extends PrimitiveName>(
    name: P,
    inputs: readonly Tensor[],
    attributes: PrimitiveAttributes[P],
    output: Tensor,
  ): History | null {
    return recordPrimitive(name, inputs, attributes, output);
  }

  backward(tensor: Tensor, seed: Tensor | undefined, options: BackwardOptions): void {
    const root = { history: this, gradient: seedOf('backward', tensor, seed) };
    differentiate('backward', [root], { ...options, seed: seed ?? null });
  }

  addHook(hook: GradientHook): () => void {
    // A list of its own per change: a hook may remove itself while the list is walked. The wrapper makes two additions
    // of one function two hooks.
    const added: GradientHook = (gradient) => hook(gradient);
    this.#hooks = [...(this.#hooks ?? []), added];
    return () => {
      this.#hooks = this.#hooks?.filter((other) => other !== added) ?? null;
    };
  }

  /** What the hooks make of the whole gradient. */
  observe(gradient: Tensor): Tensor {
    if (this.#hooks === null) return gradient;
    let seen = gradient;
    for (const hook of this.#hooks) {
      const replacement = hook(seen);
      if (replacement === undefined) continue;
      this.check('registerHook', 'what the hook returns', replacement);
      seen = replacement;
    }
    return seen;
  }

  /** Throws unless `gradient` has the shape and dtype of the tensor. */
  check(op: string, what: string, gradient: Tensor): void {
    if (sameShape(gradient.shape, this.shape) && gradient.dtype === this.dtype) return;
    throw new GradientError(
      `${op}(): ${what} must be ${this.dtype} ${formatShape(this.shape)} as the tensor, ` +
        `got ${gradient.dtype} ${formatShape(gradient.shape)}.`,
    );
  }
}

let leaves = 0;

/** The history of a tensor that the user made: where gradients end and add up. */
export class LeafHistory extends TapeHistory {
  readonly isLeaf = true;
  readonly #slot = new Slot(`the gradient of leaf ${leaves++}`);
  #hookChanges = 0;

  get gradient(): Tensor | null {
    return this.#slot.value;
  }

  setGradient(gradient: Tensor | null): void {
    if (gradient !== null) this.check('grad', 'the gradient', gradient);
    this.#slot.value = gradient;
  }

  override addHook(hook: GradientHook): () => void {
    if (isRecording() && this.#slot.maker === null) {
      throw new GradientError(
        'registerHook(): a hook of a tensor from outside is none of the values of a recorded function. Register it before.',
      );
    }
    const remove = super.addHook(hook);
    this.#hookChanges++;
    return () => {
      remove();
      this.#hookChanges++;
    };
  }

  override observe(gradient: Tensor): Tensor {
    guard(`hooks of ${this.#slot.name}`, () => this.#hookChanges);
    return super.observe(gradient);
  }

  retainGradient(): void {}

  /** Adds to the gradient. A new tensor each time: whoever holds the former gradient keeps it as it is. */
  accumulate(gradient: Tensor): void {
    const before = this.#slot.summand;
    this.setGradient(before === null ? gradient : before.add(gradient));
  }
}

let sequence = 0;

/** The number that the next node will get: earlier nodes are below it. */
export function nextSequence(): number {
  return sequence;
}

/** A computation that gradients pass back through. */
export abstract class NodeHistory extends TapeHistory {
  readonly isLeaf = false;
  /** Nodes are numbered as they are made, so that a node's operands always have lower numbers. */
  readonly sequence: number = sequence++;
  /** The name for messages. */
  abstract readonly label: string;
  /** The histories of the operands; null for one that no gradient is wanted for. */
  abstract readonly edges: readonly (TapeHistory | null)[];
  /** True once a backward pass has let go of what was saved. */
  abstract readonly freed: boolean;
  /** True for a node that was made while a program was recorded. */
  readonly isSymbolic: boolean = isRecording();
  #gradient: Tensor | null = null;
  #retains = false;

  get gradient(): Tensor | null {
    return this.#gradient;
  }

  setGradient(gradient: Tensor | null): void {
    if (gradient !== null) this.check('grad', 'the gradient', gradient);
    this.#gradient = gradient;
  }

  /** Takes the gradient of the result from the pass, and adds those of the operands that the pass wants. */
  abstract pull(pass: Pass): void;
  /** Lets go of what was saved, if anything was. */
  abstract release(): void;

  retainGradient(): void {
    this.#retains = true;
  }

  override observe(gradient: Tensor): Tensor {
    const seen = super.observe(gradient);
    if (this.#retains) this.setGradient(this.gradient === null ? seen : this.gradient.add(seen));
    return seen;
  }
}

/** The history of a tensor; only this package makes any. */
export function historyOf(x: Tensor): TapeHistory | null {
  return x.history as TapeHistory | null;
}

const noEdges: readonly null[] = [];

class PrimitiveNode<P extends PrimitiveName> extends NodeHistory implements Recorded<P> {
  readonly label: P;
  readonly attributes: PrimitiveAttributes[P];
  edges: readonly (TapeHistory | null)[];
  freed = false;
  readonly #rule: GradientRule<P>;
  /** True for x · x: both operands get the same gradient. */
  readonly #isTwice: boolean;
  readonly #saves: number;
  readonly #shapes: readonly Shape[] | null;
  #first: SavedTensor | null;
  #second: SavedTensor | null;
  #output: SavedTensor | null;

  constructor(
    name: P,
    rule: GradientRule<P>,
    attributes: PrimitiveAttributes[P],
    edges: readonly (TapeHistory | null)[],
    bits: number,
    inputs: readonly Tensor[],
    output: Tensor,
  ) {
    super(output.shape, output.dtype);
    this.label = name;
    this.attributes = attributes;
    this.edges = edges;
    this.#rule = rule;
    this.#isTwice = inputs[0] === inputs[1] && rule[0] !== null && rule[0]!.isSymmetric;
    this.#saves = bits;
    this.#first = (bits & saves.first) === 0 ? null : new SavedTensor(inputs[0]!);
    this.#second = (bits & saves.second) === 0 || inputs.length < 2 ? null : new SavedTensor(inputs[1]!);
    this.#output = (bits & saves.output) === 0 ? null : new SavedTensor(output);
    this.#shapes = (bits & saves.shapes) === 0 ? null : inputs.map((input) => input.shape);
  }

  input(operand: number): Tensor {
    const saved = operand === 0 ? this.#first : this.#second;
    if (saved === null)
      throw new GradientError(`backward(): the rule of ${this.label} does not save operand ${operand}.`);
    return saved.read(this.label, operand === 0 ? 'its operand 0' : 'its operand 1');
  }

  output(): Tensor {
    if (this.#output === null)
      throw new GradientError(`backward(): the rule of ${this.label} does not save its result.`);
    return this.#output.read(this.label, 'its result');
  }

  inputShape(operand: number): Shape {
    return this.#shapes === null ? this.edges[operand]!.shape : this.#shapes[operand]!;
  }

  inputDType(operand: number): DType {
    return this.edges[operand]!.dtype;
  }

  isTransposed(operand: number): boolean {
    const edge = this.edges[operand];
    if (!(edge instanceof PrimitiveNode) || edge.label !== 'permute') return false;
    const { axes } = edge.attributes as PrimitiveAttributes['permute'];
    const last = axes.length - 1;
    return last > 0 && axes[last] === last - 1 && axes[last - 1] === last;
  }

  pull(pass: Pass): void {
    const gradient = pass.take(this);
    if (gradient === null) return;
    const { edges } = this;
    for (let i = 0; i < edges.length; i++) {
      const edge = edges[i]!;
      if (edge === null || !pass.wants(edge)) continue;
      const part = operandRule(this.#rule, i)!.pullBack(gradient, this, i);
      pass.add(edge, part);
      if (this.#isTwice) {
        pass.add(edge, part);
        return;
      }
    }
  }

  release(): void {
    if (this.#saves === saves.nothing) return;
    this.freed = true;
    this.edges = noEdges;
    this.#first = null;
    this.#second = null;
    this.#output = null;
  }
}

function operandRule<P extends PrimitiveName>(rule: GradientRule<P>, operand: number): OperandRule<P> | null {
  return rule[operand < rule.length ? operand : rule.length - 1]!;
}

// V8 finds a name that varies faster in a map than among the properties of an object.
const ruleOf: ReadonlyMap<string, unknown> = new Map(Object.entries(gradientRules));

/** The history of a primitive's result, or null where no gradient can come back through it or none is wanted. */
export function recordPrimitive<P extends PrimitiveName>(
  name: P,
  inputs: readonly Tensor[],
  attributes: PrimitiveAttributes[P],
  output: Tensor,
): History | null {
  if (!isGradEnabled()) return null;
  const rule = ruleOf.get(name) as GradientRule<P>;
  if (rule.length === 0 || !isFloat(output.dtype)) return null;
  const edges = new Array<TapeHistory | null>(inputs.length);
  let bits = 0;
  let isWanted = false;
  for (let i = 0; i < inputs.length; i++) {
    const history = historyOf(inputs[i]!);
    const operand = history === null ? null : operandRule(rule, i);
    edges[i] = operand === null ? null : history;
    if (operand === null) continue;
    isWanted = true;
    bits |= operand.saves;
  }
  if (!isWanted) return null;
  const collector = activeCollector();
  if (collector === null) return new PrimitiveNode(name, rule, attributes, edges, bits, inputs, output);
  for (let i = 0; i < inputs.length; i++) {
    const edge = edges[i]!;
    if (edge !== null && !collector.has(edge)) collector.set(edge, new SavedTensor(inputs[i]!));
  }
  return null;
}

/** The gradient that a backward pass starts with. Throws where it must be given, or does not fit. */
export function seedOf(op: string, tensor: Tensor, seed: Tensor | undefined): Tensor {
  if (seed === undefined) {
    if (tensor.size === 1) return ones(tensor.shape, { dtype: tensor.dtype });
    throw new GradientError(
      `${op}(): a tensor of shape ${formatShape(tensor.shape)} needs a seed gradient of its shape; only one of one element ` +
        'does without. Reduce it with sum() or mean(), or pass the seed.',
    );
  }
  if (!sameShape(seed.shape, tensor.shape)) {
    throw new GradientError(
      `${op}(): the seed must have the shape of the tensor, got ${formatShape(seed.shape)} for ${formatShape(tensor.shape)}.`,
    );
  }
  if (!isFloat(seed.dtype)) {
    throw new GradientError(`${op}(): the seed must be float32 or float64, got ${seed.dtype}.`);
  }
  return seed.cast(tensor.dtype);
}
