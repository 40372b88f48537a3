import ansis from 'ansis';
import type { ContestProgress } from '../bench/contest.ts';
import type { Workload } from '../bench/workload.ts';
import { contestantLabel, contestLines } from './bench-table.ts';
import { duration } from './format.ts';
import { progressBar } from './progress-bar.ts';
import type { Screen } from './screen.ts';
import { cut } from './table.ts';

/** Shows a bench as it goes: the table of the workload at hand, and below it a bar with who is measured. */
export class BenchBoard {
  readonly #screen: Screen;
  readonly #count: number;
  readonly #begun: number = performance.now();
  #index = 0;
  #workload: Workload | undefined;
  #progress: ContestProgress | undefined;
  /** Made when something has changed, not with every frame: the machine is being measured. */
  #rows: readonly string[] = [];

  constructor(screen: Screen, count: number) {
    this.#screen = screen;
    this.#count = count;
    screen.draw(() => this.#frame());
  }

  begin(workload: Workload, index: number): void {
    this.#workload = workload;
    this.#index = index;
    this.#progress = undefined;
    this.#rows = [];
  }

  show(progress: ContestProgress): void {
    this.#progress = progress;
    const { isLive, width } = this.#screen;
    if (!isLive || progress.soFar.measurements.length === 0) return;
    this.#rows = [...contestLines(this.#workload!, progress.soFar, width), ''];
  }

  done(): void {
    this.#screen.done();
  }

  get seconds(): number {
    return (performance.now() - this.#begun) / 1000;
  }

  #frame(): string {
    const { width } = this.#screen;
    const progress = this.#progress;
    const share = (this.#index + (progress?.share ?? 0)) / this.#count;
    const doing =
      progress === undefined ? 'data' : `${contestantLabel(progress.contestant)}, ${progress.phase}`;
    const bar = progressBar(share, 24);
    const text = cut(
      ` ${String(Math.floor(share * 100)).padStart(2)} %  ${this.#workload?.name ?? ''}  ${doing}  ${duration(this.seconds)}`,
      width - 25,
    );
    return [...this.#rows, bar + ansis.dim(text)].join('\n');
  }
}
