import { decodeSafetensors, encodeSafetensors, type StateDict } from '@nadir/nn';
import { NadirError, tensor, type Tensor } from '@nadir/tensor';
import { currentEnvironment, environmentChanges, type Environment } from './environment.ts';
import type { EvaluationRecord, History, StepRecord } from './history.ts';
import type { TrainerState } from './trainer.ts';

/** A training run at rest. */
export interface Checkpoint {
  readonly state: TrainerState;
  /** What the writer added: the command, the choices, anything. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Where it was written. */
  readonly environment: Environment;
  /** What is different here, one sentence each: a resumed run may then differ in its last bits. */
  readonly warnings: readonly string[];
}

const format = 'nadir-checkpoint-1';

/** Everything of a state that is not a tensor. */
type Numbers = Omit<TrainerState, 'model' | 'optimizer' | 'best' | 'random' | 'history' | 'executor'> & {
  readonly evaluations: readonly EvaluationRecord[];
  readonly hasBest: boolean;
};

/** Columns of the steps of a history, which may be many: a float64 matrix. A missing gradient norm is NaN. */
function stepsToTensor(steps: readonly StepRecord[]): Tensor {
  const columns = 7;
  const array = new Float64Array(steps.length * columns);
  for (const [row, { step, epoch, loss, lr, gradientNorm, batchSize, seconds }] of steps.entries()) {
    array.set([step, epoch, loss, lr, gradientNorm ?? NaN, batchSize, seconds], row * columns);
  }
  return tensor(array).reshape([steps.length, columns]);
}

function stepsFromTensor(matrix: Tensor): StepRecord[] {
  const array = matrix.data;
  const columns = matrix.shape[1]!;
  return Array.from({ length: matrix.shape[0]! }, (_, row): StepRecord => {
    const [step, epoch, loss, lr, gradientNorm, batchSize, seconds] = array.subarray(
      row * columns,
      (row + 1) * columns,
    ) as unknown as readonly [number, number, number, number, number, number, number];
    const record = { step, epoch, loss, lr, batchSize, seconds };
    return Number.isNaN(gradientNorm) ? record : { ...record, gradientNorm };
  });
}

/** JSON has no NaN and no infinities, which a loss may well be. */
function nonFiniteOut(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? { nonFinite: String(value) } : value;
}

function nonFiniteIn(_key: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'nonFinite' in value
    ? Number(value.nonFinite)
    : value;
}

function prefixed(prefix: string, state: StateDict): [string, Tensor][] {
  return Object.entries(state).map(([name, value]) => [`${prefix}.${name}`, value]);
}

function withoutPrefix(prefix: string, tensors: StateDict): StateDict {
  const entries = Object.entries(tensors).filter(([name]) => name.startsWith(`${prefix}.`));
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(prefix.length + 1), value]));
}

/** The bytes of a safetensors file that holds a training run: weights under `model.`, so that other tools can read them. */
export function encodeCheckpoint(
  state: TrainerState,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const { model, optimizer, best, random, history, executor, ...rest } = state;
  const numbers: Numbers = { ...rest, evaluations: history.evaluations, hasBest: best !== null };
  const tensors = Object.fromEntries([
    ...prefixed('model', model),
    ...prefixed('optimizer', optimizer),
    ...prefixed('best', best ?? {}),
    ['random', random],
    ['history.steps', stepsToTensor(history.steps)],
  ]);
  return encodeSafetensors(tensors, {
    ...metadata,
    format,
    trainer: JSON.stringify(numbers, nonFiniteOut),
    environment: JSON.stringify(currentEnvironment(executor)),
  });
}

/** Options of {@link decodeCheckpoint}. */
export interface DecodeCheckpointOptions {
  /** Where the bytes come from, for messages. */
  readonly source?: string;
  /** Name of the executor that will go on, which the warnings compare. Default: as a Trainer's. */
  readonly executor?: string;
}

/** Reads what `encodeCheckpoint()` wrote. Throws a NadirError, which names the `source`, for a file of another kind. */
export function decodeCheckpoint(
  bytes: Uint8Array,
  { source = 'the file', executor }: DecodeCheckpointOptions = {},
): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes, { source });
  const { format: found, trainer, environment: written, ...own } = metadata;
  if (found !== format || trainer === undefined || written === undefined) {
    throw new NadirError(
      `decodeCheckpoint(): ${source} is not a checkpoint of a training run, its format is ${found ?? 'not given'}. ` +
        'For weights alone use decodeSafetensors().',
    );
  }
  const { evaluations, hasBest, ...numbers } = JSON.parse(trainer, nonFiniteIn) as Numbers;
  const environment = JSON.parse(written) as Environment;
  const history: History = { steps: stepsFromTensor(tensors['history.steps']!), evaluations };
  const state: TrainerState = {
    ...numbers,
    executor: environment.executor,
    history,
    model: withoutPrefix('model', tensors),
    optimizer: withoutPrefix('optimizer', tensors),
    best: hasBest ? withoutPrefix('best', tensors) : null,
    random: tensors['random']!,
  };
  return {
    state,
    metadata: own,
    environment,
    warnings: environmentChanges(environment, currentEnvironment(executor)),
  };
}
