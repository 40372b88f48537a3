import type { Evidence } from '../evidence.ts';
import { markup, type Markup } from '../markup.ts';
import { countOf, formatSeconds } from '../number-format.ts';

/** For the record: the command, the seed, the data, and the machine with its versions. */
export function origin({ record }: Evidence): Markup {
  const { data, machine, executor } = record;
  const rows: readonly (readonly [string, string | Markup])[] = [
    ['command', markup`<code>${record.command}</code>`],
    ['seed', String(record.seed)],
    ['started', record.createdAt],
    ['search', formatSeconds(record.seconds)],
    ['training data', countOf(data.train, 'item')],
    ['validation data', `${countOf(data.validation, 'item')}; every choice was made on these`],
    ['test data', record.winner === null ? 'not read yet' : `${countOf(data.test, 'item')}; read once`],
    ...(executor === undefined ? [] : [['executor', executor] as const]),
    ...Object.entries(machine).map(([name, value]) => [name, String(value)] as const),
  ];
  return markup`<section id="origin" aria-labelledby="origin-title">
    <h2 id="origin-title">For the record</h2>
    <dl class="origin">
      ${rows.map(
        ([name, value]) =>
          markup`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
  </section>`;
}
