import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ChoiceColumns } from '../src/terminal/choice-columns.ts';
import {
  choicesFlags,
  choicesText,
  differenceText,
  duration,
  metricText,
  plural,
  shortNumber,
} from '../src/terminal/format.ts';
import { progressBar } from '../src/terminal/progress-bar.ts';
import { createScreen } from '../src/terminal/screen.ts';
import { sparkline } from '../src/terminal/sparkline.ts';
import { cut, pad, table, widthOf } from '../src/terminal/table.ts';

describe('format', () => {
  it('writes durations as people say them', () => {
    expect([0, 0.0354, 0.0996, 9.94, 9.96, 59.4, 59.6, 125, 3720, NaN].map(duration)).toEqual([
      '0 ms',
      '35 ms',
      '0.1 s',
      '9.9 s',
      '10 s',
      '59 s',
      '1 min 00 s',
      '2 min 05 s',
      '1 h 02 min',
      '–',
    ]);
  });

  it('writes numbers short', () => {
    expect([64, 0.1, 0.012345, 1e-4, 2.345e-5, 1e20].map(shortNumber)).toEqual([
      '64',
      '0.1',
      '0.0123',
      '1e-4',
      '2.35e-5',
      '100000000000000000000',
    ]);
  });

  it('writes shares in percent and other metrics in four digits', () => {
    expect(metricText('accuracy', 0.97421)).toBe('97.42 %');
    expect(metricText('loss', 0.123456)).toBe('0.1235');
    expect(metricText('accuracy', null)).toBe('–');
    expect(differenceText('accuracy', 0.0031)).toBe('0.31');
  });

  it('writes choices for people and for the command line', () => {
    const choices = { optimizer: 'adam', lr: 0.00123456, batchSize: 64, hidden: 256 };
    expect(choicesText(choices)).toBe('adam, lr 0.00123, batch 64, hidden 256');
    expect(choicesFlags(choices)).toBe('--optimizer adam --lr 0.00123456 --batch-size 64 --set hidden=256');
  });

  it('counts', () => {
    expect([plural(1, 'trial'), plural(1200, 'trial')]).toEqual(['1 trial', '1,200 trials']);
  });
});

describe('table', () => {
  it('makes columns as wide as their widest cell', () => {
    const lines = table(
      [{ title: 'name' }, { title: 'n', align: 'right' }],
      [
        ['a', '1'],
        ['longer', '100'],
      ],
    );
    expect(lines).toEqual(['name      n', 'a         1', 'longer  100']);
  });

  it('measures what is seen', () => {
    expect(widthOf('\u001B[1m97 %\u001B[22m')).toBe(4);
    expect(pad('\u001B[1mx\u001B[22m', -3)).toBe('  \u001B[1mx\u001B[22m');
    expect(cut('abcdef', 4)).toBe('abc…');
    expect(cut('abcd', 4)).toBe('abcd');
  });
});

describe('bars and curves', () => {
  it('fills by halves', () => {
    const bars = [0, 0.25, 0.5, 1, 2].map((share) => stripVTControlCharacters(progressBar(share, 2)));
    expect(bars).toEqual(['──', '╸─', '━─', '━━', '━━']);
  });

  it('draws a curve by its range', () => {
    expect(sparkline([3, 2, 1, 0], 4)).toBe('█▆▃▁');
    expect(sparkline([1, 1], 4)).toBe('▁▁');
    expect(sparkline([], 4)).toBe('');
    expect(sparkline([4, 4, 0, 0], 2)).toBe('█▁');
  });
});

describe('ChoiceColumns', () => {
  const choices = {
    optimizer: 'nesterov',
    lr: 0.0123,
    schedule: 'exponential',
    batchSize: 128,
    weightDecay: 1e-4,
    warmup: 0.1,
  };

  it('stays within its width, at the price of the last columns', () => {
    const all = new ChoiceColumns(choices, 48);
    expect(all.values(choices)).toBe('nesterov   0.0123 exponential   128  1e-4    0.1');
    expect(widthOf(all.titles())).toBeLessThanOrEqual(48);
    const few = new ChoiceColumns(choices, 30);
    expect(few.values(choices)).toBe('nesterov   0.0123 exponential');
  });

  it('shows a choice that a trial does not have as a dash', () => {
    expect(new ChoiceColumns(choices, 17).values({ optimizer: 'sgd' })).toBe('sgd             –');
  });
});

describe('Screen', () => {
  const controls = new RegExp(`(${String.fromCharCode(27)}\\[\\??\\d+[A-Za-z]|\n|\r)`);

  /** A terminal of which one can see the rows: it knows what the screen uses. */
  class Terminal {
    readonly isTTY = true;
    readonly columns = 40;
    readonly rows = 10;
    readonly lines: string[] = [''];

    write(text: string): boolean {
      for (const part of text.split(controls)) {
        const up = /^.\[(\d+)A$/.exec(part);
        if (up !== null) this.lines.splice(this.lines.length - 1 - Number(up[1]), Infinity, '');
        else if (part === '\n') this.lines.push('');
        else if (!part.startsWith('\u001B') && part !== '\r') this.lines[this.lines.length - 1] += part;
      }
      return true;
    }
  }

  it('keeps printed lines above the live part, whatever height that takes', () => {
    const ci = process.env['CI'];
    delete process.env['CI'];
    const terminal = new Terminal();
    const screen = createScreen(terminal as unknown as NodeJS.WriteStream);
    if (ci !== undefined) process.env['CI'] = ci;
    expect(screen.isLive).toBe(true);
    let frame = 'one';
    screen.draw(() => frame);
    screen.print('first');
    expect(terminal.lines).toEqual(['first', 'one', '']);
    frame = 'one\ntwo\nthree';
    screen.print('second');
    expect(terminal.lines).toEqual(['first', 'second', 'one', 'two', 'three', '']);
    frame = 'x'.repeat(30);
    screen.print('third');
    expect(terminal.lines).toEqual(['first', 'second', 'third', 'x'.repeat(30), '']);
    screen.done();
    screen.print('last');
    expect(terminal.lines).toEqual(['first', 'second', 'third', 'last', '']);
  });

  it('shows the end of a live part that is higher than the terminal', () => {
    const terminal = new Terminal();
    const screen = createScreen(terminal as unknown as NodeJS.WriteStream);
    screen.draw(() => Array.from({ length: 20 }, (_, index) => `row ${index}`).join('\n'));
    screen.print('kept');
    screen.done();
    expect(terminal.lines).toEqual(['kept', '']);
  });
});
