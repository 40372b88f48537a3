import type { Evidence, MeasuredTrial } from '../evidence.ts';
import { markup, type Markup } from '../markup.ts';
import { capitalized, formatNumber, formatSeconds, nothing } from '../number-format.ts';

interface Column {
  readonly name: string;
  readonly isNumeric: boolean;
  /** Holds text that may need several lines. */
  readonly isLong?: boolean;
  text(trial: MeasuredTrial): string;
  /** What the column sorts by. */
  key(trial: MeasuredTrial): string | number | null;
}

/** Every trial in a table that the reader can sort. */
export function trialTable(evidence: Evidence): Markup | null {
  const { trials, finalists, record } = evidence;
  if (trials.length === 0) return null;
  const columns = columnsOf(evidence);
  const marks = new Map<number, string>([
    ...finalists.map(({ trial }) => [trial, 'finalist'] as const),
    ...(record.winner === null ? [] : [[record.winner.trial, 'winner'] as const]),
  ]);
  const row = (trial: MeasuredTrial): Markup => {
    const mark = marks.get(trial.number);
    return markup`<tr role="row" class="${trial.outcome}" data-key="${trial.number}">
      <th role="rowheader" scope="row">
        <span class="spelled">Trial </span>${trial.number}${mark !== undefined && markup` <span class="mark">${mark}</span>`}
      </th>
      ${columns.map(
        (column) =>
          markup`<td
            role="cell"
            class="${column.isNumeric ? 'number' : column.isLong && 'long'}"
            data-label="${column.name}"
            data-key="${column.key(trial) ?? ''}"
          >
            ${column.text(trial)}
          </td>`,
      )}
    </tr>`;
  };
  return markup`<section id="trials" aria-labelledby="trials-title">
    <h2 id="trials-title">All trials</h2>
    <div class="wide-table"><table role="table" class="cards sortable">
      <caption class="hidden">
        All trials of the search
      </caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Trial</th>
          ${columns.map(({ name, isNumeric }) => markup`<th role="columnheader" scope="col" class="${isNumeric && 'number'}">${capitalized(name)}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${trials.map(row)}
      </tbody>
    </table></div>
  </section>`;
}

function columnsOf({ parameters, metric, threshold }: Evidence): readonly Column[] {
  return [
    {
      name: metric.name,
      isNumeric: true,
      text: (trial) => metric.format(trial.metric),
      key: (trial) => trial.metric,
    },
    {
      name: 'ended',
      isNumeric: false,
      isLong: true,
      text: ({ outcome, reason }) => (reason === undefined ? outcome : `${outcome}: ${reason}`),
      key: ({ outcome }) => outcome,
    },
    ...parameters.map(({ name, label, isNumeric, format }) => ({
      name: label,
      isNumeric,
      text: ({ choices }: MeasuredTrial) => (choices[name] === undefined ? nothing : format(choices[name])),
      key: ({ choices }: MeasuredTrial) => (choices[name] === undefined ? null : String(choices[name])),
    })),
    {
      name: 'time',
      isNumeric: true,
      text: ({ seconds }) => formatSeconds(seconds),
      key: ({ seconds }) => seconds,
    },
    ...(threshold === null
      ? []
      : [
          {
            name: `to ${metric.formatLevel(threshold.value)}`,
            isNumeric: true,
            text: ({ secondsToThreshold }: MeasuredTrial) =>
              secondsToThreshold === null ? nothing : formatSeconds(secondsToThreshold),
            key: ({ secondsToThreshold }: MeasuredTrial) => secondsToThreshold,
          },
        ]),
    {
      name: 'items/s',
      isNumeric: true,
      text: ({ examplesPerSecond }) =>
        examplesPerSecond === null ? nothing : formatNumber(Number(examplesPerSecond.toPrecision(3))),
      key: ({ examplesPerSecond }) => examplesPerSecond,
    },
  ];
}
