import {
  operand,
  type Control,
  type Expression,
  type Label,
  type Local,
  type Operand,
  type Statement,
} from './expression.ts';
import type { FunctionHandle, GlobalHandle } from './handles.ts';
import { i32 } from './instructions/index.ts';
import type { ResultType, ValueType } from './value-type.ts';
import { WasmError } from './wasm-error.ts';

interface Scope {
  readonly label: Label | undefined;
  readonly statements: Statement[];
  reachable: boolean;
  /** Whether a branch leaves the construct at its end, which makes the code behind it reachable. */
  left: boolean;
}

/** The bounds of a counting loop; `step` is positive. */
export interface Range {
  /** Default 0. */
  readonly from?: Operand<'i32'>;
  /** Exclusive; evaluated before every turn, so it should be a local or a constant. */
  readonly to: Operand<'i32'>;
  /** Default 1. */
  readonly step?: number;
}

/**
 * The body of one function: statements are emitted in the order of the calls, expressions are their operands.
 *
 * Got from `ModuleBuilder.function`. Locals and labels belong to their function, and a label to the inside of its
 * construct; what breaks that throws `WasmError` at the call that does.
 *
 * @example
 * ```ts
 * import { f32x4, i32, ModuleBuilder, v128 } from '@nadir/wasm';
 *
 * const module = new ModuleBuilder();
 * module.memory({ min: 1, export: 'memory' });
 * // Doubles n floats, n a multiple of four.
 * module.function('double', { parameters: { at: 'i32', n: 'i32' }, export: true }, (f, { at, n }) => {
 *   const i = f.local('i32', 'i');
 *   f.for(i, { to: n, step: 4 }, () => {
 *     const address = f.let(i32.add(at, i32.shl(i, 2)), 'address');
 *     const x = f.let(v128.load(address), 'x');
 *     f.do(v128.store(address, f32x4.add(x, x)));
 *   });
 * });
 * const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
 * const view = new Float32Array((exports.memory as WebAssembly.Memory).buffer, 0, 8).fill(1.5);
 * (exports.double as (at: number, n: number) => void)(0, 4);
 * view.join(' '); // => 3 3 3 3 1.5 1.5 1.5 1.5
 * ```
 */
export class FunctionBuilder<R extends ResultType = ResultType> {
  readonly name: string;
  readonly #result: R;
  readonly #locals: Local[] = [];
  readonly #names = new Set<string>();
  readonly #parameterCount: number;
  readonly #scopes: Scope[];
  /** What runs before the first statement. */
  readonly #prelude: Statement[] = [];
  readonly #constants = new Map<string, Local>();
  #labels = 0;
  #finished = false;

  constructor(handle: FunctionHandle<Readonly<Record<string, ValueType>>, R>) {
    this.name = handle.name;
    this.#result = handle.result;
    for (const [name, type] of Object.entries(handle.parameters)) this.local(type, name);
    this.#parameterCount = this.#locals.length;
    this.#scopes = [{ label: undefined, statements: [], reachable: true, left: false }];
  }

  #fail(what: string): never {
    throw new WasmError(`${this.name}: ${what}`);
  }

  get #scope(): Scope {
    return this.#scopes[this.#scopes.length - 1]!;
  }

  /** A parameter by name. */
  parameter<T extends ValueType>(name: string): Local<T> {
    const found = this.#locals.slice(0, this.#parameterCount).find((local) => local.local.name === name);
    return (found ?? this.#fail(`parameter(): no parameter is called ${name}.`)) as Local<T>;
  }

  /** A new local variable, zero at the start; the name is for the text form. */
  local<T extends ValueType>(type: T, name?: string): Local<T> {
    if (this.#finished) this.#fail('local(): the body is closed.');
    const index = this.#locals.length;
    const wanted = name ?? `${type}_${index}`;
    const info = { index, name: this.#names.has(wanted) ? `${wanted}_${index}` : wanted, owner: this };
    this.#names.add(info.name);
    const local: { -readonly [K in keyof Local<T>]: Local<T>[K] } = {
      type,
      name: 'local.get',
      code: [0x20],
      operands: [],
      immediates: [],
      local: info,
    };
    local.immediates = [{ kind: 'local', value: local }];
    this.#locals.push(local);
    return local;
  }

  /** A new local variable that holds the value of an expression. */
  let<T extends ValueType>(value: Expression<T>, name?: string): Local<T> {
    const local = this.local(value.type, name);
    this.set(local, value as Operand<T>);
    return local;
  }

  /**
   * A local that holds a constant from the start of the function on, one for each constant: engines repeat the instructions
   * that make a vector constant wherever it stands, in the innermost loop too.
   */
  constant<T extends ValueType>(value: Expression<T>): Local<T> {
    const [immediate] = value.immediates;
    const isConstant = value.name.endsWith('.const') && immediate !== undefined && 'value' in immediate;
    if (!isConstant) this.#fail(`constant(): a constant is required, got ${value.name}.`);
    const number = immediate.value as number | bigint | readonly number[];
    const key = `${value.type} ${Object.is(number, -0) ? '-0' : String(number)}`;
    const before = this.#constants.get(key);
    if (before !== undefined) return before as Local<T>;
    const local = this.local(value.type);
    this.#constants.set(key, local);
    this.#prelude.push(setLocal(local, value));
    return local;
  }

  /** Emits statements in order; one that leaves a value is refused (`drop` it). */
  do(...statements: readonly Expression<'void'>[]): void {
    for (const statement of statements) {
      if ((statement.type as ResultType) !== 'void') {
        this.#fail(
          `do(): a statement without value is required, got ${statement.type} from ${statement.name}. Hint: drop().`,
        );
      }
      this.#emit(statement);
    }
  }

  #emit(statement: Expression): void {
    this.#check(statement);
    this.#scope.statements.push(statement);
  }

  #check(expression: Expression): void {
    for (const immediate of expression.immediates) {
      if (immediate.kind === 'local') this.#checkLocal(immediate.value);
      else if (immediate.kind === 'label') this.#checkLabel(immediate.value);
      else if (immediate.kind === 'labels') for (const label of immediate.value) this.#checkLabel(label);
    }
    for (const inner of expression.operands) this.#check(inner);
  }

  #checkLocal(local: Local): void {
    if (local.local.owner !== this) this.#fail(`the local ${local.local.name} belongs to another function.`);
  }

  #checkLabel(label: Label): void {
    if (!this.#scopes.some((scope) => scope.label === label)) {
      this.#fail(`branch(): the label ${label.name} must be of a construct around the branch.`);
    }
  }

  /** Gives a local or a mutable global a new value. */
  set<T extends ValueType>(target: Local<T> | GlobalHandle<T>, value: Operand<T>): void {
    if ('global' in target) {
      if (!target.global.mutable) this.#fail(`set(): the global ${target.global.name} is not mutable.`);
      this.#emit({
        type: 'void',
        name: 'global.set',
        code: [0x24],
        operands: [operand(`set() of ${target.global.name}`, 1, target.type, value)],
        immediates: [{ kind: 'global', value: target }],
      });
      return;
    }
    if (!('local' in target)) this.#fail('set(): a local or a global is required.');
    this.#emit(setLocal(target, operand(`set() of ${target.local.name}`, 1, target.type, value)));
  }

  /** Sets a local when the expression runs, and leaves the value. */
  tee<T extends ValueType>(local: Local<T>, value: Operand<T>): Expression<T> {
    return {
      type: local.type,
      name: 'local.tee',
      code: [0x22],
      operands: [operand(`tee() of ${local.local.name}`, 1, local.type, value)],
      immediates: [{ kind: 'local', value: local }],
    };
  }

  /** Runs an expression and forgets its value. */
  drop(value: Expression<ValueType>): void {
    this.#emit({ type: 'void', name: 'drop', code: [0x1a], operands: [value], immediates: [] });
  }

  #nested(label: Label, body: (label: Label) => void): { statements: Statement[]; reachable: boolean } {
    if (this.#finished) this.#fail(`${label.kind}(): the body is closed.`);
    const scope: Scope = { label, statements: [], reachable: this.#scope.reachable, left: false };
    this.#scopes.push(scope);
    body(label);
    this.#scopes.pop();
    return { statements: scope.statements, reachable: scope.reachable || scope.left };
  }

  #label(kind: Label['kind'], name: string | undefined): Label {
    return { kind, name: name ?? `${kind}_${this.#labels++}` };
  }

  /** A block: a branch to its label continues behind it. */
  block(body: (label: Label) => void, name?: string): void {
    const label = this.#label('block', name);
    const { statements, reachable } = this.#nested(label, body);
    this.#control({ control: 'block', label, body: statements }, reachable);
  }

  /** A loop: a branch to its label starts the next turn; without one it ends. */
  loop(body: (label: Label) => void, name?: string): void {
    const label = this.#label('loop', name);
    const { statements, reachable } = this.#nested(label, body);
    this.#control({ control: 'loop', label, body: statements }, reachable);
  }

  /** Runs one of two bodies; a branch to the label continues behind both. */
  if(
    condition: Operand<'i32'>,
    then: (label: Label) => void,
    otherwise?: (label: Label) => void,
    name?: string,
  ): void {
    const label = this.#label('if', name);
    const checked = operand('if()', 1, 'i32', condition);
    this.#check(checked);
    const first = this.#nested(label, then);
    if (otherwise === undefined) {
      this.#control(
        { control: 'if', label, condition: checked, body: first.statements },
        this.#scope.reachable,
      );
      return;
    }
    const second = this.#nested(label, otherwise);
    this.#control(
      { control: 'if', label, condition: checked, body: first.statements, otherwise: second.statements },
      first.reachable || second.reachable,
    );
  }

  #control(control: Control, reachable: boolean): void {
    this.#scope.statements.push(control);
    this.#scope.reachable = reachable;
  }

  /** Goes to a label of a construct around, always or where a condition is not zero. */
  branch(label: Label, condition?: Operand<'i32'>): void {
    const conditional = condition !== undefined;
    this.#emit({
      type: 'void',
      name: conditional ? 'br_if' : 'br',
      code: [conditional ? 0x0d : 0x0c],
      operands: conditional ? [operand('branch()', 2, 'i32', condition)] : [],
      immediates: [{ kind: 'label', value: label }],
    });
    this.#leave(label);
    if (!conditional) this.#scope.reachable = false;
  }

  /** Goes to `labels[index]`, or to `otherwise` where the index is outside of them. */
  switch(index: Operand<'i32'>, labels: readonly Label[], otherwise: Label): void {
    this.#emit({
      type: 'void',
      name: 'br_table',
      code: [0x0e],
      operands: [operand('switch()', 1, 'i32', index)],
      immediates: [{ kind: 'labels', value: [...labels, otherwise] }],
    });
    for (const label of [...labels, otherwise]) this.#leave(label);
    this.#scope.reachable = false;
  }

  #leave(label: Label): void {
    if (label.kind === 'loop' || !this.#scope.reachable) return;
    for (const scope of this.#scopes) if (scope.label === label) scope.left = true;
  }

  /** Leaves the function with its result. */
  return(...value: R extends ValueType ? [value: Operand<R>] : []): void {
    const type: ResultType = this.#result;
    if (type === 'void' && value.length > 0) this.#fail('return(): the function has no result, got a value.');
    this.#emit({
      type: 'void',
      name: 'return',
      code: [0x0f],
      operands: type === 'void' ? [] : [operand(`return() of ${this.name}`, 1, type, value[0])],
      immediates: [],
    });
    this.#scope.reachable = false;
  }

  /** Traps. */
  unreachable(): void {
    this.#emit({ type: 'void', name: 'unreachable', code: [0x00], operands: [], immediates: [] });
    this.#scope.reachable = false;
  }

  /** Runs the body for `counter` = from, from + step, … while it is below `to` (signed). */
  for(counter: Local<'i32'>, range: Range, body: (counter: Local<'i32'>) => void): void {
    const step = range.step ?? 1;
    if (!Number.isInteger(step) || step < 1)
      this.#fail(`for(): the step must be a positive integer, got ${step}.`);
    this.set(counter, range.from ?? 0);
    this.#repeat(i32.ltS(counter, range.to), () => {
      body(counter);
      this.set(counter, i32.add(counter, step));
    });
  }

  /** Runs the body as long as the condition, evaluated before each turn, is not zero. */
  while(condition: Expression<'i32'>, body: () => void): void {
    this.#repeat(condition, body);
  }

  // The test stands at the bottom and once before the loop: one branch a turn.
  #repeat(condition: Expression<'i32'>, body: () => void): void {
    this.if(condition, () => {
      this.loop((turn) => {
        body();
        this.branch(turn, condition);
      });
    });
  }

  /** Closes the body. Throws `WasmError` where the end can be reached and a result is due. */
  finish(): { readonly locals: readonly Local[]; readonly statements: readonly Statement[] } {
    this.#finished = true;
    const scope = this.#scope;
    if (this.#result !== 'void') {
      if (scope.reachable) {
        this.#fail(
          `the body must return ${this.#result} on every path, got an end that can be reached. Hint: return().`,
        );
      }
      // Behind a construct that never ends normally the validator still wants the result: a trap stands in for it.
      const last = scope.statements.at(-1);
      if (last === undefined || 'control' in last) this.unreachable();
    }
    return {
      locals: this.#locals.slice(this.#parameterCount),
      statements: [...this.#prelude, ...scope.statements],
    };
  }
}

function setLocal(target: Local, value: Expression): Expression<'void'> {
  return {
    type: 'void',
    name: 'local.set',
    code: [0x21],
    operands: [value],
    immediates: [{ kind: 'local', value: target }],
  };
}
