import {
  formatShape,
  type Program,
  type ProgramNode,
  type Storage,
  type Tensor,
  type ValueId,
  type ValueType,
} from '@nadir/tensor';
import type { Trace } from './trace.ts';
import { formatConstant, formatTree, type Tree } from './tree.ts';

const passThrough: ReadonlySet<string> = new Set(['cast', 'expand', 'reshape']);

function describe(type: ValueType): string {
  return `${type.dtype} ${formatShape(type.shape)}`;
}

function describeNode({ primitive, type }: ProgramNode): string {
  return `${primitive} of ${describe(type)}`;
}

/** The first operation that makes something of a value. */
function readerOf(program: Program, id: ValueId): string {
  const reader = program.nodes.find((node) => node.operands.includes(id));
  if (reader === undefined) return '';
  return passThrough.has(reader.primitive) ? readerOf(program, reader.id) : ` in ${describeNode(reader)}`;
}

function sameValue(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameValue(item, b[index]));
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  const [names, others] = [Object.keys(a), Object.keys(b)];
  return (
    names.length === others.length &&
    names.every((name) =>
      sameValue((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
    )
  );
}

function nodeDifference(first: Program, before: ProgramNode, after: ProgramNode): string | null {
  if (before.primitive !== after.primitive || !sameValue(before.type, after.type)) {
    return `${describeNode(before)} was ${describeNode(after)} this time`;
  }
  if (before.primitive === 'full' && after.primitive === 'full') {
    const [was, is] = [before.attributes.value, after.attributes.value];
    return Object.is(was, is)
      ? null
      : `the number ${formatConstant(was)}${readerOf(first, before.id)} was ${formatConstant(is)} this time`;
  }
  for (const [name, was] of Object.entries(before.attributes)) {
    const is = (after.attributes as Record<string, unknown>)[name];
    if (!sameValue(was, is)) {
      return `${name} ${JSON.stringify(was)} of ${describeNode(before)} was ${JSON.stringify(is)} this time`;
    }
  }
  return sameValue(before.operands, after.operands)
    ? null
    : `${describeNode(before)} had other operands this time`;
}

function nodesDifference(first: Program, second: Program): string | null {
  const length = Math.min(first.nodes.length, second.nodes.length);
  for (let i = 0; i < length; i++) {
    const difference = nodeDifference(first, first.nodes[i]!, second.nodes[i]!);
    if (difference !== null) return difference;
  }
  if (first.nodes.length === second.nodes.length) return null;
  return `it had ${first.nodes.length} operations and ${second.nodes.length} this time`;
}

function sameElements(a: Storage, b: Storage): boolean {
  const [x, y] = [a.read(), b.read()];
  return x.length === y.length && x.every((value, index) => Object.is(value, y[index]));
}

function stateDifference(before: Trace, after: Trace): string | null {
  for (const [index, was] of before.state.entries()) {
    const is = after.state[index];
    if (is === was) continue;
    const type = before.program.state[index]!;
    const place = `${describe(type)}${readerOf(before.program, before.program.arguments.length + index)}`;
    if (is === undefined || !before.constants.has(was) || !after.constants.has(is)) {
      return `the tensor ${place} was another one this time`;
    }
    if (!sameElements(was, is)) return `the constant ${place} had other elements this time`;
  }
  return before.state.length === after.state.length ? null : 'it used other tensors from outside this time';
}

function treeDifference(place: string, before: Tree, after: Tree): string | null {
  if (before.kind === 'array' && after.kind === 'array' && before.items.length === after.items.length) {
    return firstOf(before.items, (item, index) =>
      treeDifference(`${place}[${index}]`, item, after.items[index]!),
    );
  }
  if (before.kind === 'object' && after.kind === 'object') {
    const sameNames = sameValue(
      ...([before, after].map(({ entries }) => entries.map(([name]) => name)) as [unknown, unknown]),
    );
    if (sameNames) {
      return firstOf(before.entries, ([name, item], index) =>
        treeDifference(`${place}.${name}`, item, after.entries[index]![1]),
      );
    }
  }
  const [was, is] = [formatTree(before), formatTree(after)];
  return was === is ? null : `${place} ${was} was ${is} this time`;
}

function firstOf<T>(items: readonly T[], find: (item: T, index: number) => string | null): string | null {
  for (const [index, item] of items.entries()) {
    const found = find(item, index);
    if (found !== null) return found;
  }
  return null;
}

/** Whether two tensors show the same places of one storage. */
function samePlaces(a: Tensor, b: Tensor): boolean {
  const isSame = a.storage === b.storage && a.offset === b.offset;
  return isSame && sameValue(a.shape, b.shape) && sameValue(a.strides, b.strides);
}

function restDifference(before: Trace, after: Trace): string | null {
  const { results, writes } = before.program;
  if (!sameValue(results, after.program.results) || !sameValue(writes, after.program.writes)) {
    return 'it returned or assigned other values this time';
  }
  const isSame = before.endings.every((ending, index) => {
    const other = after.endings[index];
    if (ending.slot !== other?.slot || ending.kind !== other.kind) return false;
    return ending.kind !== 'point' || samePlaces(ending.tensor, (other as typeof ending).tensor);
  });
  if (!isSame || before.endings.length !== after.endings.length) return 'it left other gradients this time';
  if (before.effects.length !== after.effects.length) {
    return `it had ${before.effects.length} host effects and ${after.effects.length} this time`;
  }
  return null;
}

/** What is different in the second of two traces that should be one program, or null. */
export function differenceOf(before: Trace, after: Trace): string | null {
  return (
    nodesDifference(before.program, after.program) ??
    stateDifference(before, after) ??
    treeDifference('the result', before.output, after.output) ??
    restDifference(before, after)
  );
}
