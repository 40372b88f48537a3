import { readFileSync } from 'node:fs';
import { tensor, type DType, type Tensor } from '@nadir/tensor';

/** A tensor as the fixture scripts write it. */
export interface Stored {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly (number | string)[];
}

type StoredByName = Readonly<Record<string, Stored>>;

export const fixture = JSON.parse(readFileSync(new URL('fixtures/nn.json', import.meta.url), 'utf8')) as {
  readonly torch: string;
  readonly layers: readonly {
    readonly name: string;
    readonly train: boolean;
    readonly state: StoredByName;
    readonly inputs: readonly Stored[];
    readonly output: Stored;
    readonly seed: Stored;
    readonly inputGradient: Stored | null;
    readonly gradients: StoredByName;
    readonly buffers: StoredByName;
  }[];
  readonly losses: readonly {
    readonly name: string;
    readonly function: string;
    readonly inputs: readonly Stored[];
    readonly options: Readonly<Record<string, unknown>>;
    readonly output: Stored;
    readonly seed: Stored;
    readonly gradients: readonly (Stored | null)[];
  }[];
  readonly clipping: readonly {
    readonly name: string;
    readonly max: number;
    readonly norm: number;
    readonly before: readonly Stored[];
    readonly after: readonly Stored[];
  }[];
};

export function restored({ shape, dtype, data }: Stored): Tensor {
  return tensor(data.map(Number), { dtype }).reshape(shape);
}

export function restoredAll(named: StoredByName): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, restored(value)]));
}
