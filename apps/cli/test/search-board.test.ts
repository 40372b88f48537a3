import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { TrialRecord } from '../src/report/study-record.ts';
import type { RunPurpose } from '../src/search.ts';
import type { SearchPlan } from '../src/search-plan.ts';
import type { Screen } from '../src/terminal/screen.ts';
import { SearchBoard } from '../src/terminal/search-board.ts';
import { widthOf } from '../src/terminal/table.ts';

const plan: SearchPlan = {
  seed: 1,
  trials: 10,
  sampler: 'random',
  pruner: 'median',
  trialItems: 1000,
  evaluations: 4,
  startupTrials: 2,
  finalists: 2,
  seeds: 3,
  winnerEpochs: 2,
};

const choices = {
  optimizer: 'nesterov',
  lr: 0.0123456,
  schedule: 'exponential',
  batchSize: 128,
  weightDecay: 1e-4,
  warmup: 0.1,
};

const trial = (number: number, outcome: TrialRecord['outcome'], metric: number | null): TrialRecord => ({
  number,
  choices,
  outcome,
  metric,
  seconds: 12.3,
  reason: 'a long story '.repeat(20),
  losses: [],
  validation: [],
});

class PaperScreen implements Screen {
  readonly isLive = true;
  readonly width: number;
  readonly lines: string[] = [];
  #frame: () => string = () => '';

  constructor(width: number) {
    this.width = width;
  }

  print(line = ''): void {
    this.lines.push(...stripVTControlCharacters(line).split('\n'));
  }

  draw(frame: () => string): void {
    this.#frame = frame;
  }

  done(): void {}

  get frame(): string[] {
    return stripVTControlCharacters(this.#frame()).split('\n');
  }
}

describe.each([80, 120])('SearchBoard at %i columns', (width) => {
  const screen = new PaperScreen(width);
  const board = new SearchBoard(screen, {
    plan,
    objective: { metric: 'accuracy', direction: 'maximize' },
    workers: 2,
    trainSize: 500,
    trials: [],
  });
  const begin = (purpose: RunPurpose): void => {
    board.take({ type: 'start', purpose, choices });
    const progress = { items: 500, totalItems: 1000, loss: 0.5, seconds: 1 };
    board.take({ type: 'progress', purpose, progress });
    const point = { step: 1, examples: 500, seconds: 1, loss: 0.5, metric: 0.9123 };
    board.take({ type: 'evaluation', purpose, point });
  };
  const expectToFit = (): void => {
    for (const line of [...screen.lines, ...screen.frame]) expect(widthOf(line)).toBeLessThanOrEqual(width);
  };

  it('lists trials as they end, and marks the best', () => {
    board.take({ type: 'phase', phase: 'trials', runs: 10 });
    for (const [number, outcome, metric] of [
      [0, 'completed', 0.9],
      [1, 'completed', 0.95],
      [2, 'completed', 0.94],
      [3, 'pruned', 0.5],
      [4, 'diverged', null],
      [5, 'failed', null],
    ] as const) {
      begin({ kind: 'trial', trial: number });
      expectToFit();
      board.take({ type: 'trial', trial: trial(number, outcome, metric) });
    }
    expect(screen.lines[0]).toMatch(/# optimizer +lr schedule +batch decay warmup accuracy +time/);
    expect(screen.lines[1]).toMatch(
      /^★ +0 nesterov +0\.0123 exponential +128 +1e-4 +0\.1 +90\.00 % +12 s best$/,
    );
    expect(screen.lines.slice(2, 6).map((line) => [line[0], line.split(' ').at(-1)])).toEqual([
      ['★', 'best'],
      ['✓', 's'],
      ['–', 'pruned'],
      ['✗', 'diverged'],
    ]);
    expectToFit();
  });

  it('shows running trials with bar, curve and metric, and the time left', () => {
    begin({ kind: 'trial', trial: 6 });
    begin({ kind: 'trial', trial: 7 });
    const [, first, second, , total, best] = screen.frame;
    expect(first).toMatch(/^▸ +6 nesterov.* ━+╸?─+ +50 % .+ 91\.23 %$/);
    expect(second).toMatch(/^▸ +7 /);
    expect(total).toMatch(/6 of 10 trials · .* left$/);
    expect(best).toMatch(/^best so far 95\.00 %: nesterov/);
    expectToFit();
  });

  it('shows finalists and the winner', () => {
    board.take({ type: 'phase', phase: 'finalists', runs: 6 });
    begin({ kind: 'finalist', trial: 1, seed: 2 });
    board.take({ type: 'finalist', trial: 1, run: { seed: 2, metric: 0.94, seconds: 3 } });
    expect(screen.lines.at(-1)).toMatch(/trial +1 +seed +2 +94\.00 % +3\.0 s/);
    board.take({ type: 'phase', phase: 'winner', runs: 1 });
    begin({ kind: 'winner', trial: 1 });
    expect(screen.lines.at(-1)).toMatch(/epoch +1 +accuracy 91\.23 %/);
    expect(screen.frame.join('\n')).toMatch(/training the winner/);
    expectToFit();
  });
});
