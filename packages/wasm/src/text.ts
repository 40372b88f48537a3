import type { Expression, Immediate, Label, Local, Statement } from './expression.ts';
import type { FunctionHandle } from './handles.ts';

const WIDTH = 100;

/** One function in the text format's folded form: parameters, locals, statements. */
export function functionText(
  handle: FunctionHandle,
  locals: readonly Local[],
  statements: readonly Statement[],
): string {
  const head = [`(func $${handle.name}`];
  for (const [name, type] of Object.entries(handle.parameters)) head.push(`(param $${name} ${type})`);
  if (handle.result !== 'void') head.push(`(result ${handle.result})`);
  const lines = [head.join(' ')];
  for (const local of locals) lines.push(`  (local $${local.local.name} ${local.type})`);
  for (const statement of statements) lines.push(...statementLines(statement, '  '));
  return `${lines.join('\n')})`;
}

function statementLines(statement: Statement, indent: string): string[] {
  if (!('control' in statement)) return expressionLines(statement, indent);
  const inner = `${indent}  `;
  const lines = [`${indent}(${statement.control} $${statement.label.name}`];
  if (statement.condition !== undefined) lines.push(...expressionLines(statement.condition, inner));
  if (statement.control !== 'if') {
    for (const child of statement.body) lines.push(...statementLines(child, inner));
  } else {
    for (const [name, body] of [
      ['then', statement.body],
      ['else', statement.otherwise],
    ] as const) {
      if (body === undefined) continue;
      lines.push(`${inner}(${name}`);
      for (const child of body) lines.push(...statementLines(child, `${inner}  `));
      lines.push(`${lines.pop()})`);
    }
  }
  lines.push(`${lines.pop()})`);
  return lines;
}

function expressionLines(expression: Expression, indent: string): string[] {
  const flat = `${indent}${expressionText(expression)}`;
  if (flat.length <= WIDTH || expression.operands.length === 0) return [flat];
  const lines = [`${indent}(${headText(expression)}`];
  for (const operand of expression.operands) lines.push(...expressionLines(operand, `${indent}  `));
  lines.push(`${lines.pop()})`);
  return lines;
}

/** An expression in the folded form, on one line. */
export function expressionText(expression: Expression): string {
  return `(${[headText(expression), ...expression.operands.map(expressionText)].join(' ')})`;
}

function headText(expression: Expression): string {
  const { name } = expression;
  if (name === 'v128.const') return `v128.const i32x4 ${vectorText(expression)}`;
  // Binary-only bytes: which memory.
  const hidden = name.startsWith('memory.') || name === 'atomic.fence';
  // The text form names the table before the type, the binary form after it.
  const immediates = name === 'call_indirect' ? expression.immediates.toReversed() : expression.immediates;
  const words = immediates
    .filter((immediate) => !(hidden && immediate.kind === 'byte'))
    .map(immediateText)
    .filter((word) => word !== '');
  return [name, ...words].join(' ');
}

function vectorText(expression: Expression): string {
  const [bytes] = expression.immediates;
  const view = new DataView(Uint8Array.from(bytes?.kind === 'bytes' ? bytes.value : []).buffer);
  return [0, 4, 8, 12].map((at) => `0x${view.getUint32(at, true).toString(16)}`).join(' ');
}

function signatureText({ parameters, result }: FunctionHandle): string {
  const words: string[] = [];
  const types = Object.values(parameters);
  if (types.length > 0) words.push(`(param ${types.join(' ')})`);
  if (result !== 'void') words.push(`(result ${result})`);
  return words.join(' ');
}

function labelText(label: Label): string {
  return `$${label.name}`;
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

function immediateText(immediate: Immediate): string {
  switch (immediate.kind) {
    case 'memory': {
      const words: string[] = [];
      if (immediate.offset !== 0) words.push(`offset=${immediate.offset}`);
      if (immediate.alignment !== immediate.natural) words.push(`align=${2 ** immediate.alignment}`);
      return words.join(' ');
    }
    case 'local':
      return `$${immediate.value.local.name}`;
    case 'global':
      return `$${immediate.value.global.name}`;
    case 'function':
      return `$${immediate.value.name}`;
    case 'table':
      return immediate.value.index === 0 ? '' : String(immediate.value.index);
    case 'signature':
      return signatureText(immediate.value);
    case 'label':
      return labelText(immediate.value);
    case 'labels':
      return immediate.value.map(labelText).join(' ');
    case 'bytes':
      return immediate.value.join(' ');
    case 'f32':
    case 'f64':
      return floatText(immediate.value);
    default:
      return String(immediate.value);
  }
}
