import type { Choices } from '../report/study-record.ts';

/** `12,345`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `1 trial`, `2 trials`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** `35 ms`, `0.4 s`, `12 s`, `2 min 05 s`, `1 h 02 min`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}

/** Whether a metric is a share of one by its name, and reads best in percent. */
export function isShare(metric: string): boolean {
  return /accuracy|precision|recall|f1/i.test(metric);
}

/** `97.42 %` of accuracies, four digits of anything else. */
export function metricText(metric: string, value: number | null): string {
  if (value === null || Number.isNaN(value)) return '–';
  return isShare(metric) ? `${(value * 100).toFixed(2)} %` : Number(value.toPrecision(4)).toString();
}

/** A difference of a metric: `0.31 points` of accuracies. */
export function differenceText(metric: string, value: number): string {
  return isShare(metric) ? `${(value * 100).toFixed(2)}` : Number(value.toPrecision(3)).toString();
}

/** A number as short as three digits allow: `0.00123`, `1e-4`, `64`. */
export function shortNumber(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const short = Number(value.toPrecision(3));
  return Math.abs(short) < 1e-3 ? short.toExponential().replace(/e([+-])0*/, 'e$1') : String(short);
}

/** One choice's value. */
export function choiceText(value: string | number | boolean | undefined): string {
  if (value === undefined) return '–';
  return typeof value === 'number' ? shortNumber(value) : String(value);
}

/** What choices are called in text, where their names say too much or too little. */
const names: Readonly<Record<string, string>> = { batchSize: 'batch', weightDecay: 'decay' };

/** The heading of a choice. */
export function choiceName(name: string): string {
  return names[name] ?? name;
}

/** `nesterov, lr 0.0123, cosine, batch 64`: names only where the value does not speak for itself. */
export function choicesText(choices: Choices): string {
  return Object.entries(choices)
    .map(([name, value]) =>
      name === 'optimizer' || name === 'schedule'
        ? choiceText(value)
        : `${choiceName(name)} ${choiceText(value)}`,
    )
    .join(', ');
}

/** What computes a run: `wasm, 2 threads`, `eager`. Only compiled steps have threads; several runs have them `each`. */
export function executionText(executor: string, threads: number, each = ''): string {
  return executor === 'eager' ? executor : `${executor}, ${plural(threads, 'thread')}${each}`;
}

/** The flags of `nadir train` for choices. */
export function choicesFlags(choices: Choices): string {
  return Object.entries(choices)
    .map(([name, value]) => {
      const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      const known = [
        'optimizer',
        'lr',
        'momentum',
        'weightDecay',
        'schedule',
        'gamma',
        'warmup',
        'batchSize',
      ];
      return known.includes(name) ? `--${flag} ${value}` : `--set ${name}=${value}`;
    })
    .join(' ');
}
