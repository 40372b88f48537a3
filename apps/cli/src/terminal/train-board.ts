import ansis from 'ansis';
import type { EvaluationRecord } from '@nadir/train';
import { count, duration, metricText } from './format.ts';
import { progressBar } from './progress-bar.ts';
import type { Screen } from './screen.ts';
import { pad } from './table.ts';

/** What a board has to know from the start. */
interface TrainBoardOptions {
  readonly epochs: number;
  readonly steps: number;
  /** Steps of earlier sessions. */
  readonly step: number;
  readonly batchSize: number;
  /** Names of the metrics, one column each. */
  readonly metrics: readonly string[];
}

/** Shows a training run as it goes: a line for every epoch, and below them a bar with rate and time left. */
export class TrainBoard {
  readonly #screen: Screen;
  readonly #meter: TrainMeter;
  readonly #metrics: readonly string[];
  #hasHeader = false;

  constructor(screen: Screen, { epochs, steps, step, batchSize, metrics }: TrainBoardOptions) {
    this.#screen = screen;
    this.#metrics = metrics;
    this.#meter = new TrainMeter(steps, step, batchSize);
    screen.draw(() => this.#meter.frame(screen.width, epochs));
  }

  step(step: number, loss: number, epoch: number): void {
    this.#meter.step(step, loss, epoch);
  }

  beginEvaluation(): void {
    this.#meter.pause();
  }

  /** Items per second of training, evaluations left out. */
  get rate(): number {
    return this.#meter.rate;
  }

  /** Shows the epoch's line. */
  endEvaluation(record: EvaluationRecord, trainLoss: number): void {
    this.#meter.resume();
    if (!this.#hasHeader) this.#screen.print(ansis.dim(epochHeader(this.#metrics)));
    this.#hasHeader = true;
    this.#screen.print(epochLine(record, trainLoss, this.#metrics, this.#meter.rate));
  }

  done(): void {
    this.#screen.done();
  }
}

function epochHeader(names: readonly string[]): string {
  return ['epoch', 'train loss', 'val. loss', ...names, 'items/s', 'time']
    .map((title, index) => pad(title, index === 0 ? -5 : -11))
    .join(' ');
}

function epochLine(
  { epoch, loss, metrics, seconds }: EvaluationRecord,
  trainLoss: number,
  names: readonly string[],
  rate: number,
): string {
  const cells = [
    String(epoch),
    trainLoss.toFixed(4),
    loss.toFixed(4),
    ...names.map((name) => metricText(name, metrics[name] ?? null)),
    count(rate),
    duration(seconds),
  ];
  return cells.map((cell, index) => pad(cell, index === 0 ? -5 : -11)).join(' ');
}

/** Where a training run is, how fast it goes, and how long it will take. */
class TrainMeter {
  readonly #steps: number;
  readonly #batchSize: number;
  readonly #first: number;
  #step: number;
  #epoch = 0;
  #loss = NaN;
  #seconds = 0;
  #resumed: number = performance.now();
  #evaluating = false;

  constructor(steps: number, step: number, batchSize: number) {
    this.#steps = steps;
    this.#first = this.#step = step;
    this.#batchSize = batchSize;
  }

  /** Items per second of training, evaluations left out. */
  get rate(): number {
    return this.#seconds === 0 ? 0 : ((this.#step - this.#first) * this.#batchSize) / this.#seconds;
  }

  step(step: number, loss: number, epoch: number): void {
    const now = performance.now();
    this.#seconds += (now - this.#resumed) / 1000;
    this.#resumed = now;
    this.#step = step;
    this.#epoch = epoch;
    this.#loss = Number.isNaN(this.#loss) ? loss : this.#loss * 0.95 + loss * 0.05;
  }

  pause(): void {
    this.#evaluating = true;
  }

  resume(): void {
    this.#evaluating = false;
    this.#resumed = performance.now();
  }

  frame(width: number, epochs: number): string {
    const share = this.#step / this.#steps;
    const left = this.rate === 0 ? NaN : ((this.#steps - this.#step) * this.#batchSize) / this.rate;
    const before = `epoch ${Math.min(this.#epoch + 1, epochs)}/${epochs} `;
    const after = this.#evaluating
      ? ' validating …'
      : `${String(Math.floor(share * 100)).padStart(4)} %  loss ${Number.isNaN(this.#loss) ? '–' : this.#loss.toFixed(4)}  ${count(this.rate)} items/s  ${duration(left)} left`;
    return (
      before +
      progressBar(share, Math.max(10, Math.min(40, width - before.length - after.length - 1))) +
      after
    );
  }
}
