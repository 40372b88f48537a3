import { ValueError } from '@nadir/tensor';

/** What one step of training left. */
export interface StepRecord {
  /** Steps done, counted from 1. */
  readonly step: number;
  /** Epochs done before this step. */
  readonly epoch: number;
  readonly loss: number;
  /** Learning rate that the step used, of the first parameter group. */
  readonly lr: number;
  /** 2-norm of all gradients before clipping, where it was computed. */
  readonly gradientNorm?: number;
  /** Items in the batch. */
  readonly batchSize: number;
  /** Seconds since training began, pauses between resumed runs left out. */
  readonly seconds: number;
}

/** What one evaluation on validation data gave. */
export interface EvaluationRecord {
  readonly step: number;
  readonly epoch: number;
  readonly seconds: number;
  /** Mean loss per item. */
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Everything that training has measured so far, in order. */
export interface History {
  readonly steps: readonly StepRecord[];
  readonly evaluations: readonly EvaluationRecord[];
}

/** The value of `loss` or of a metric. Throws a ValueError for a name that was not measured. */
export function valueOf(record: EvaluationRecord, metric: string): number {
  const value = metric === 'loss' ? record.loss : record.metrics[metric];
  if (value === undefined) {
    throw new ValueError(
      `valueOf(): there is no metric '${metric}', there are loss, ${Object.keys(record.metrics).join(', ')}.`,
    );
  }
  return value;
}

/** Whether a metric is better when it is smaller. */
export type Direction = 'minimize' | 'maximize';

/** `loss` is minimized, anything else maximized, unless said otherwise. */
export function directionOf(metric: string, direction?: Direction): Direction {
  return direction ?? (metric === 'loss' ? 'minimize' : 'maximize');
}

/** How much better `value` is than `than`; negative when worse. */
export function gain(value: number, than: number, direction: Direction): number {
  return direction === 'minimize' ? than - value : value - than;
}
