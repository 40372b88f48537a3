import { ByteWriter } from './byte-writer.ts';
import { encodeBody, encodeExpression, type Indices } from './encoding.ts';
import { constant, type Expression, type Local, type Statement } from './expression.ts';
import { FunctionBuilder } from './function-builder.ts';
import type {
  DataHandle,
  FunctionHandle,
  GlobalHandle,
  Parameters,
  Signature,
  TableHandle,
} from './handles.ts';
import { expressionText, functionText } from './text.ts';
import { TYPE_CODE, type ResultType, type ValueType } from './value-type.ts';
import { WasmError } from './wasm-error.ts';

/** Sizes of a memory in pages of 64 KiB. */
export interface MemoryLimits {
  readonly min: number;
  /** Default none; a shared memory needs one. At most 65,536. */
  readonly max?: number;
  /** Shared between threads; default false. */
  readonly shared?: boolean;
}

/** The parameters of a function as locals. */
export type ParameterLocals<P extends Parameters> = { readonly [K in keyof P]: Local<P[K]> };

/** What defines a function: its type, whether it is exported (under its name, or another), and its code. */
export interface FunctionOptions<P extends Parameters, R extends ResultType> extends Signature<P, R> {
  readonly export?: boolean | string;
}

type Scalar = Exclude<ValueType, 'v128'>;

interface Defined {
  readonly handle: FunctionHandle;
  locals?: readonly Local[];
  statements?: readonly Statement[];
}

interface Segment {
  readonly bytes: Uint8Array;
  readonly offset: number | undefined;
}

const EXPORT_KIND = { function: 0, table: 1, memory: 2, global: 3 } as const;

/**
 * Builds one WebAssembly module: memory, globals and functions are declared in any order, `toBytes` writes them.
 *
 * Throws `WasmError` at the call that makes the module invalid.
 *
 * @example
 * ```ts
 * import { ModuleBuilder, i32 } from '@nadir/wasm';
 *
 * const module = new ModuleBuilder();
 * module.function('add', { parameters: { a: 'i32', b: 'i32' }, result: 'i32', export: true }, (f, { a, b }) => {
 *   f.return(i32.add(a, b));
 * });
 * const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
 * (exports.add as (a: number, b: number) => number)(2, 3); // => 5
 * ```
 */
export class ModuleBuilder {
  readonly #importedFunctions: { module: string; name: string; handle: FunctionHandle }[] = [];
  readonly #importedGlobals: { module: string; name: string; handle: GlobalHandle }[] = [];
  readonly #functions: Defined[] = [];
  readonly #globals: { handle: GlobalHandle; initial: Expression }[] = [];
  readonly #tables: TableHandle[] = [];
  readonly #segments: Segment[] = [];
  readonly #exports = new Map<string, { kind: keyof typeof EXPORT_KIND; index: () => number }>();
  readonly #names = new Set<string>();
  #memory: { limits: MemoryLimits; from?: { module: string; name: string } } | undefined;
  #start: FunctionHandle | undefined;

  #claim(name: string): void {
    if (!/^[A-Za-z_][\w.$/-]*$/.test(name)) {
      throw new WasmError(
        `ModuleBuilder: a name must begin with a letter and hold no spaces, got "${name}".`,
      );
    }
    if (this.#names.has(name)) throw new WasmError(`ModuleBuilder: the name ${name} is taken.`);
    this.#names.add(name);
  }

  #export(kind: keyof typeof EXPORT_KIND, name: string, index: () => number): void {
    if (this.#exports.has(name))
      throw new WasmError(`ModuleBuilder: an export called ${name} exists already.`);
    this.#exports.set(name, { kind, index });
  }

  #setMemory(limits: MemoryLimits, from?: { module: string; name: string }): void {
    const { min, max, shared } = limits;
    if (this.#memory !== undefined) throw new WasmError('memory(): the module has a memory already.');
    if (!(min >= 0 && min <= (max ?? 65_536) && (max ?? 0) <= 65_536)) {
      throw new WasmError(`memory(): 0 ≤ min ≤ max ≤ 65536 pages is required, got ${min} and ${max}.`);
    }
    if (shared === true && max === undefined) throw new WasmError('memory(): a shared memory needs max.');
    this.#memory = from === undefined ? { limits } : { limits, from };
  }

  /** The module's own memory, exported as `options.export` if given. */
  memory(options: MemoryLimits & { readonly export?: string }): void {
    this.#setMemory(options);
    if (options.export !== undefined) this.#export('memory', options.export, () => 0);
  }

  /** Takes the memory from the imports. */
  importMemory(module: string, name: string, limits: MemoryLimits): void {
    this.#setMemory(limits, { module, name });
  }

  /** Takes a function from the imports; also its name here. */
  importFunction<P extends Parameters = Record<never, never>, R extends ResultType = 'void'>(
    module: string,
    name: string,
    signature: Signature<P, R> = {},
  ): FunctionHandle<P, R> {
    this.#claim(name);
    const handle = makeHandle(name, signature, true, this.#importedFunctions.length);
    this.#importedFunctions.push({ module, name, handle });
    return handle;
  }

  /** Takes a global from the imports; `mutable` defaults to false. */
  importGlobal<T extends Scalar>(
    module: string,
    name: string,
    type: T,
    options: { readonly mutable?: boolean } = {},
  ): GlobalHandle<T> {
    this.#claim(name);
    const handle = makeGlobal(name, type, options.mutable ?? false, true, this.#importedGlobals.length);
    this.#importedGlobals.push({ module, name, handle });
    return handle;
  }

  /** A global with an initial value, mutable by default. */
  global<T extends Scalar>(
    name: string,
    type: T,
    initial: number | bigint,
    options: { readonly mutable?: boolean; readonly export?: boolean | string } = {},
  ): GlobalHandle<T> {
    this.#claim(name);
    const handle = makeGlobal(name, type, options.mutable ?? true, false, this.#globals.length);
    this.#globals.push({ handle, initial: constant(type, initial) });
    this.#exportIfAsked('global', name, options.export, () => this.#indices.global(handle));
    return handle;
  }

  #exportIfAsked(
    kind: keyof typeof EXPORT_KIND,
    name: string,
    asked: boolean | string | undefined,
    index: () => number,
  ): void {
    if (asked === undefined || asked === false) return;
    this.#export(kind, asked === true ? name : asked, index);
  }

  /** A function; its body may call itself through the handle of `declare`. */
  function<P extends Parameters = Record<never, never>, R extends ResultType = 'void'>(
    name: string,
    options: FunctionOptions<P, R>,
    body: (builder: FunctionBuilder<R>, parameters: ParameterLocals<P>) => void,
  ): FunctionHandle<P, R> {
    const handle = this.declare(name, options);
    this.define(handle, body);
    return handle;
  }

  /** A function whose body follows later through `define`: for recursion and forward calls. */
  declare<P extends Parameters = Record<never, never>, R extends ResultType = 'void'>(
    name: string,
    options: FunctionOptions<P, R> = {},
  ): FunctionHandle<P, R> {
    this.#claim(name);
    const handle = makeHandle(name, options, false, this.#functions.length);
    this.#functions.push({ handle });
    this.#exportIfAsked('function', name, options.export, () => this.#indices.function(handle));
    return handle;
  }

  /** The body of a declared function. */
  define<P extends Parameters, R extends ResultType>(
    handle: FunctionHandle<P, R>,
    body: (builder: FunctionBuilder<R>, parameters: ParameterLocals<P>) => void,
  ): void {
    const defined = this.#functions[handle.position];
    if (defined?.handle !== (handle as FunctionHandle)) {
      throw new WasmError(`define(): ${handle.name} is not a declared function of this module.`);
    }
    if (defined.statements !== undefined) throw new WasmError(`define(): ${handle.name} has a body already.`);
    const builder = new FunctionBuilder<R>(handle);
    const parameters: Record<string, Local> = {};
    for (const name of Object.keys(handle.parameters)) parameters[name] = builder.parameter(name);
    body(builder, parameters as unknown as ParameterLocals<P>);
    Object.assign(defined, builder.finish());
  }

  /** A table that holds these functions in order, for `callIndirect`; exported as `options.export` if given. */
  table(functions: readonly FunctionHandle[], options: { readonly export?: string } = {}): TableHandle {
    const index = this.#tables.length;
    const handle = { index, functions: [...functions] };
    this.#tables.push(handle);
    if (options.export !== undefined) this.#export('table', options.export, () => index);
    return handle;
  }

  /** Bytes: at `offset` of the memory from the start, or without one a passive segment for `memory.init`. */
  data(bytes: Uint8Array, offset?: number): DataHandle {
    const index = this.#segments.push({ bytes: bytes.slice(), offset }) - 1;
    return { index, length: bytes.length };
  }

  /** The function that runs at instantiation; without parameters and result. */
  start(handle: FunctionHandle<Record<never, never>, 'void'>): void {
    if (Object.keys(handle.parameters).length > 0 || handle.result !== 'void') {
      throw new WasmError(
        `start(): a function without parameters and result is required, got ${handle.name}.`,
      );
    }
    this.#start = handle;
  }

  get #indices(): Indices {
    const types = this.#types();
    return {
      function: (handle) => {
        const known = handle.imported
          ? this.#importedFunctions[handle.position]?.handle
          : this.#functions[handle.position]?.handle;
        if (known !== handle) throw new WasmError(`call(): ${handle.name} is not of this module.`);
        return handle.position + (handle.imported ? 0 : this.#importedFunctions.length);
      },
      global: ({ global }) => {
        const known = global.imported ? this.#importedGlobals : this.#globals;
        if (known[global.position]?.handle.global !== global) {
          throw new WasmError(`the global ${global.name} is not of this module.`);
        }
        return global.position + (global.imported ? 0 : this.#importedGlobals.length);
      },
      table: (handle) => {
        if (this.#tables[handle.index] === handle) return handle.index;
        throw new WasmError('callIndirect(): the table is not of this module.');
      },
      signature: (handle) => types.get(signatureKey(handle)) ?? 0,
    };
  }

  #types(): ReadonlyMap<string, number> {
    const types = new Map<string, number>();
    for (const { handle } of [...this.#importedFunctions, ...this.#functions]) {
      const key = signatureKey(handle);
      if (!types.has(key)) types.set(key, types.size);
    }
    return types;
  }

  /** The module in the binary format. Throws `WasmError` where a declared function has no body. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const types = this.#types();
    const indices = this.#indices;
    const writer = new ByteWriter();
    writer.bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);

    vector(writer, 1, [...types.keys()], (part, key) => {
      const [parameters, result] = key.split('>') as [string, ResultType];
      const list = parameters === '' ? [] : (parameters.split(',') as ValueType[]);
      part.byte(TYPE_CODE.func);
      part.sized(list.map((type) => TYPE_CODE[type]));
      part.sized(result === 'void' ? [] : [TYPE_CODE[result]]);
    });

    const imports: ((part: ByteWriter) => void)[] = this.#importedFunctions.map((entry) => (part) => {
      part.name(entry.module);
      part.name(entry.name);
      part.byte(EXPORT_KIND.function);
      part.u32(indices.signature(entry.handle));
    });
    const memory = this.#memory;
    if (memory?.from !== undefined) {
      const { module, name } = memory.from;
      imports.push((part) => {
        part.name(module);
        part.name(name);
        part.byte(EXPORT_KIND.memory);
        writeLimits(part, memory.limits);
      });
    }
    for (const { module, name, handle } of this.#importedGlobals) {
      imports.push((part) => {
        part.name(module);
        part.name(name);
        part.byte(EXPORT_KIND.global);
        part.bytes([TYPE_CODE[handle.type], handle.global.mutable ? 1 : 0]);
      });
    }
    vector(writer, 2, imports, (part, write) => write(part));

    vector(writer, 3, this.#functions, (part, { handle }) => part.u32(indices.signature(handle)));
    vector(writer, 4, this.#tables, (part, { functions }) => {
      part.bytes([TYPE_CODE.funcref, 1]);
      part.u32(functions.length);
      part.u32(functions.length);
    });
    vector(writer, 5, memory !== undefined && memory.from === undefined ? [memory.limits] : [], writeLimits);
    vector(writer, 6, this.#globals, (part, { handle, initial }) => {
      part.bytes([TYPE_CODE[handle.type], handle.global.mutable ? 1 : 0]);
      encodeExpression(part, initial, [], indices);
      part.byte(0x0b);
    });
    vector(writer, 7, [...this.#exports], (part, [name, { kind, index }]) => {
      part.name(name);
      part.byte(EXPORT_KIND[kind]);
      part.u32(index());
    });
    if (this.#start !== undefined) {
      const part = new ByteWriter();
      part.u32(indices.function(this.#start));
      writer.byte(8);
      writer.sized(part.view());
    }
    vector(writer, 9, this.#tables, (part, { functions }, table) => {
      // Kind 2: an active segment of function indices with an explicit table.
      part.u32(2);
      part.u32(table);
      encodeExpression(part, constant('i32', 0), [], indices);
      part.bytes([0x0b, 0x00]);
      part.u32(functions.length);
      for (const handle of functions) part.u32(indices.function(handle));
    });
    if (this.#segments.length > 0) {
      const part = new ByteWriter();
      part.u32(this.#segments.length);
      writer.byte(12);
      writer.sized(part.view());
    }
    vector(writer, 10, this.#functions, (part, { handle, locals, statements }) => {
      if (locals === undefined || statements === undefined) {
        throw new WasmError(
          `toBytes(): the function ${handle.name} is declared and has no body. Hint: define().`,
        );
      }
      const body = new ByteWriter();
      encodeBody(body, locals, statements, indices);
      part.sized(body.view());
    });
    vector(writer, 11, this.#segments, (part, { bytes, offset }) => {
      part.u32(offset === undefined ? 1 : 0);
      if (offset !== undefined) {
        encodeExpression(part, constant('i32', offset), [], indices);
        part.byte(0x0b);
      }
      part.sized(bytes);
    });
    this.#writeNames(writer, indices);
    return writer.toBytes();
  }

  // Profilers and stack traces show the functions of the custom section "name".
  #writeNames(writer: ByteWriter, indices: Indices): void {
    const all = [...this.#importedFunctions, ...this.#functions];
    if (all.length === 0) return;
    const names = new ByteWriter();
    names.u32(all.length);
    for (const { handle } of all) {
      names.u32(indices.function(handle));
      names.name(handle.name);
    }
    const part = new ByteWriter();
    part.name('name');
    part.byte(1);
    part.sized(names.view());
    writer.byte(0);
    writer.sized(part.view());
  }

  /** The module in the style of the text format, for reading. */
  toText(): string {
    const lines = ['(module'];
    for (const { module, name, handle } of this.#importedFunctions) {
      lines.push(`  (import "${module}" "${name}" ${functionText(handle, [], [])})`);
    }
    const memory = this.#memory;
    if (memory !== undefined) {
      const { min, max, shared } = memory.limits;
      const limits = [min, max, shared === true ? 'shared' : undefined].filter((word) => word !== undefined);
      const from = memory.from === undefined ? '' : `(import "${memory.from.module}" "${memory.from.name}") `;
      lines.push(`  (memory ${from}${limits.join(' ')})`);
    }
    for (const { module, name, handle } of this.#importedGlobals) {
      lines.push(`  (global $${name} (import "${module}" "${name}") ${globalText(handle)})`);
    }
    for (const { handle, initial } of this.#globals) {
      lines.push(`  (global $${handle.global.name} ${globalText(handle)} ${expressionText(initial)})`);
    }
    for (const { functions } of this.#tables) {
      lines.push(`  (table funcref (elem ${functions.map(({ name }) => `$${name}`).join(' ')}))`);
    }
    for (const [index, { bytes, offset }] of this.#segments.entries()) {
      const place = offset === undefined ? '' : `(i32.const ${offset}) `;
      lines.push(`  (data $${index} ${place}(; ${bytes.length} bytes ;))`);
    }
    for (const { handle, locals, statements } of this.#functions) {
      lines.push(functionText(handle, locals ?? [], statements ?? []).replaceAll(/^/gm, '  '));
    }
    for (const [name, { kind, index }] of this.#exports) {
      lines.push(`  (export "${name}" (${kind === 'function' ? 'func' : kind} ${index()}))`);
    }
    if (this.#start !== undefined) lines.push(`  (start $${this.#start.name})`);
    return `${lines.join('\n')})`;
  }
}

function globalText(handle: GlobalHandle): string {
  return handle.global.mutable ? `(mut ${handle.type})` : handle.type;
}

function makeHandle<P extends Parameters, R extends ResultType>(
  name: string,
  signature: Signature<P, R>,
  imported: boolean,
  position: number,
): FunctionHandle<P, R> {
  const parameters = signature.parameters ?? ({} as P);
  for (const parameter of Object.keys(parameters)) {
    // A key like "0" would move to the front of the object and change the order of the parameters.
    if (!/^[A-Za-z_]\w*$/.test(parameter)) {
      throw new WasmError(`${name}: a parameter's name must be an identifier, got "${parameter}".`);
    }
  }
  return { name, parameters, result: signature.result ?? ('void' as R), imported, position };
}

function makeGlobal<T extends ValueType>(
  name: string,
  type: T,
  mutable: boolean,
  imported: boolean,
  position: number,
): GlobalHandle<T> {
  const handle: { -readonly [K in keyof GlobalHandle<T>]: GlobalHandle<T>[K] } = {
    type,
    name: 'global.get',
    code: [0x23],
    operands: [],
    immediates: [],
    global: { name, mutable, imported, position },
  };
  handle.immediates = [{ kind: 'global', value: handle }];
  return handle;
}

function signatureKey(handle: FunctionHandle): string {
  return `${Object.values(handle.parameters).join(',')}>${handle.result}`;
}

/** A section that holds a vector; an empty one is left out. */
function vector<T>(
  writer: ByteWriter,
  section: number,
  items: readonly T[],
  write: (part: ByteWriter, item: T, index: number) => void,
): void {
  if (items.length === 0) return;
  const part = new ByteWriter();
  part.u32(items.length);
  for (const [index, item] of items.entries()) write(part, item, index);
  writer.byte(section);
  writer.sized(part.view());
}

function writeLimits(part: ByteWriter, { min, max, shared }: MemoryLimits): void {
  part.byte(shared === true ? 3 : max === undefined ? 0 : 1);
  part.u32(min);
  if (max !== undefined) part.u32(max);
}
