import { lengthBytes, longestHeader, metadataKey, type TensorEntry } from './format.ts';

/** A checked header: every byte after it belongs to exactly one tensor. */
export interface Header {
  /** Position of the first byte after the header. */
  readonly end: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly entries: ReadonlyMap<string, TensorEntry>;
}

/** Bits of an element of every type of the format, whether or not it can be read here. */
const bitsOf: Readonly<Record<string, number>> = {
  F64: 64,
  I64: 64,
  U64: 64,
  C64: 64,
  F32: 32,
  I32: 32,
  U32: 32,
  F16: 16,
  BF16: 16,
  I16: 16,
  U16: 16,
  I8: 8,
  U8: 8,
  BOOL: 8,
  F8_E4M3: 8,
  F8_E5M2: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F4: 4,
};

/** Throws a SafetensorsError that names the file. */
export type Fail = (message: string) => never;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The first key that an object of `depth` has twice: `JSON.parse` would keep the last, other readers may not. */
function repeatedKey(json: string, depth: number): string | null {
  const seen = new Set<string>();
  let level = 0;
  for (const { 0: token, index } of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (token === '{' || token === '[') level++;
    else if (token === '}' || token === ']') level--;
    else if (level === depth && /^\s*:/.test(json.slice(index + token.length, index + token.length + 64))) {
      const key = JSON.parse(token) as string;
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return null;
}

function parseJson(bytes: Uint8Array, fail: Fail): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail('the header is not valid UTF-8.');
  }
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    return fail(`the header is not valid JSON: ${(error as Error).message}.`);
  }
  if (!isRecord(header)) return fail('the header must be a JSON object.');
  const repeated = repeatedKey(text, 1);
  if (repeated !== null) fail(`tensor '${repeated}' is in the header twice.`);
  return header;
}

function checkMetadata(value: unknown, fail: Fail): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (!isRecord(value)) return fail(`${metadataKey} must be an object of text.`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') fail(`metadata '${key}' must be text, got ${typeof text}.`);
  }
  return value as Readonly<Record<string, string>>;
}

function checkEntry(name: string, value: unknown, fail: Fail): TensorEntry {
  if (!isRecord(value)) return fail(`tensor '${name}' must be described by an object.`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(bitsOf, dtype)) {
    return fail(`tensor '${name}' has the unknown dtype ${JSON.stringify(dtype)}.`);
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    return fail(`tensor '${name}' must have a shape of whole numbers, got ${JSON.stringify(shape)}.`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return fail(`tensor '${name}' must have two data offsets, got ${JSON.stringify(offsets)}.`);
  }
  const [start, end] = offsets as [number, number];
  const bits = shape.reduce((product, size) => product * size, bitsOf[dtype]!);
  if (end - start !== bits / 8) {
    fail(
      `tensor '${name}' of ${dtype} [${shape.join(', ')}] needs ${bits / 8} bytes, its offsets span ${end - start}.`,
    );
  }
  return { dtype, shape: shape as number[], data_offsets: [start, end] };
}

/** Throws where two tensors share bytes, or bytes belong to no tensor. */
function checkCoverage(entries: ReadonlyMap<string, TensorEntry>, size: number, fail: Fail): void {
  const inOrder = [...entries].sort(
    ([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1],
  );
  let covered = 0;
  for (const [name, entry] of inOrder) {
    const [start, end] = entry.data_offsets;
    if (start < covered)
      fail(`tensor '${name}' overlaps another: it starts at ${start}, the one before ends at ${covered}.`);
    if (start > covered)
      fail(`there is a hole before tensor '${name}': bytes ${covered} to ${start} belong to no tensor.`);
    covered = end;
  }
  if (covered > size)
    fail(`the file is cut short: its tensors need ${covered} bytes after the header, there are ${size}.`);
  if (covered < size) fail(`${size - covered} bytes after the last tensor belong to none.`);
}

/** Reads and checks the header of a whole file, before any tensor is read. */
export function readHeader(bytes: Uint8Array, fail: Fail): Header {
  if (bytes.length < lengthBytes) return fail(`needs at least ${lengthBytes} bytes, got ${bytes.length}.`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true);
  if (length > longestHeader)
    fail(`the header must have at most ${longestHeader} bytes, it claims ${length}.`);
  const end = lengthBytes + Number(length);
  if (end > bytes.length) {
    fail(`the file is cut short: its header claims ${length} bytes, ${bytes.length - lengthBytes} follow.`);
  }
  const { [metadataKey]: metadata, ...described } = parseJson(bytes.subarray(lengthBytes, end), fail);
  const entries = new Map(
    Object.entries(described).map(([name, value]) => [name, checkEntry(name, value, fail)]),
  );
  checkCoverage(entries, bytes.length - end, fail);
  return { end, metadata: checkMetadata(metadata, fail), entries };
}
