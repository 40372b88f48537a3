import { certaintyText } from '../certainty.ts';
import type { Evidence, MeasuredFinalist } from '../evidence.ts';
import { shortChoices } from '../figures/trial-marks.ts';
import { markup, type Markup } from '../markup.ts';
import { countOf, formatNumber, formatSeconds } from '../number-format.ts';
import { parametersOf, type ParameterRole } from '../parameter.ts';
import type { Choices } from '../study-record.ts';
import { trainCommand } from '../train-command.ts';

/** The page's heading and first section: what to use, how good it is, how sure that is, and how to train it again. */
export function recommendation(evidence: Evidence): Markup {
  const { record, best, finalists } = evidence;
  const { winner } = record;
  const choices = winner?.choices ?? finalists[0]?.choices ?? best?.choices;
  if (choices === undefined) {
    const why =
      evidence.trials.length === 0
        ? 'No trial has ended yet.'
        : `None of ${countOf(evidence.trials.length, 'trial')} gave a value.`;
    return markup`<h1>No recommendation yet</h1>
      <p class="lead">${why}</p>`;
  }
  return markup`<h1>${headline(choices)}</h1>
    ${winner === null && markup`<p class="lead">${provisionalText(evidence)}</p>`}
    ${keyFigures(evidence)}
    <p class="certainty"><b>How sure?</b> ${certaintyText(evidence)}</p>
    ${finalistTable(evidence)}
    <h3>The combination</h3>
    <dl class="choices">
      ${parametersOf([{ choices }]).map(
        ({ name, label, format }) =>
          markup`<div>
            <dt>${label}</dt>
            <dd>${format(choices[name]!)}</dd>
          </div>`,
      )}
    </dl>
    <h3 id="again">${winner === null ? 'Train it' : 'Train it again'}</h3>
        <div class="command">
          <pre><code>${commandMarkup(trainCommand(record, choices))}</code></pre>
          <button type="button" data-copy hidden>Copy</button>
        </div>`;
}

function provisionalText({ finalists }: Evidence): string {
  const [first] = finalists;
  const chosen =
    first === undefined
      ? 'This is the best trial so far'
      : `Trial ${first.trial} is the best of the finalists`;
  return `${chosen}. It has not been trained in full, and the test data has not been read.`;
}

/** A command line that breaks between its words only. */
function commandMarkup(command: string): readonly Markup[] {
  return command.split(' ').map((word, index) => markup`${index === 0 ? '' : ' '}<span>${word}</span>`);
}

/** The winning combination in a sentence. */
function headline(choices: Choices): Markup {
  const parameters = parametersOf([{ choices }]);
  const phrases = parameters
    .filter(({ role }) => role !== 'optimizer')
    .map(({ name, label, role, format }) => phraseOf(role, label, format(choices[name]!)))
    .slice(0, 7);
  const optimizer = parameters.find(({ role }) => role === 'optimizer');
  const first = optimizer === undefined ? [] : [valueMarkup(optimizer.format(choices[optimizer.name]!))];
  const parts = [...first, ...phrases].flatMap((phrase, index, all) => [
    index === 0 ? null : index === all.length - 1 ? ' and ' : ', ',
    phrase,
  ]);
  return markup`Train with ${parts}`;
}

function phraseOf(role: ParameterRole | null, label: string, text: string): Markup {
  switch (role) {
    case 'learningRate':
      return markup`a learning rate of ${valueMarkup(text)}`;
    case 'schedule':
      return markup`${/^[aeiou]/i.test(text) ? 'an' : 'a'} ${valueMarkup(text)} schedule`;
    case 'batchSize':
      return markup`batches of ${valueMarkup(text)}`;
    case 'weightDecay':
    case 'warmup':
      return text === '0' ? markup`no ${label}` : markup`${label} ${valueMarkup(text)}`;
    default:
      return markup`${label} ${valueMarkup(text)}`;
  }
}

const valueMarkup = (text: string): Markup =>
  text.length <= 16 ? markup`<span class="value">${text}</span>` : markup`${text}`;

function keyFigures({ record, metric, finalists, trials, best }: Evidence): Markup {
  const { winner } = record;
  const items: Markup[] = [];
  const figure = (name: string, value: string, note: string): Markup =>
    markup`<div>
      <dt>${name}</dt>
      <dd><strong>${value}</strong><span>${note}</span></dd>
    </div>`;
  if (winner !== null) {
    const { test } = winner;
    const right = metric.isPercent ? test.metric * test.items : NaN;
    const counted = metric.name === 'accuracy' && Math.abs(right - Math.round(right)) < 0.01;
    const read = 'read once, after every choice was made';
    items.push(
      figure(
        `Test ${metric.name}`,
        metric.format(test.metric),
        counted
          ? `${formatNumber(Math.round(right))} of ${countOf(test.items, 'item')} right, ${read}`
          : `on ${countOf(test.items, 'item')}, ${read}`,
      ),
    );
  }
  const chosen = finalists.find(({ trial }) => trial === (winner?.trial ?? finalists[0]?.trial));
  if (chosen !== undefined && chosen.runs.length > 0) {
    items.push(
      figure(
        `Validation ${metric.name}`,
        metric.format(chosen.median),
        `median of ${countOf(chosen.runs.length + chosen.lost, 'fresh seed')}, ${metric.format(chosen.low)} to ${metric.format(chosen.high)}`,
      ),
    );
  } else if (best !== null) {
    items.push(
      figure(`Validation ${metric.name}`, metric.format(best.metric), `one run, trial ${best.number}`),
    );
  }
  if (winner !== null) {
    const epochs = countOf(winner.epochs, 'epoch');
    items.push(
      figure(
        'Training',
        formatSeconds(winner.seconds),
        `${epochs} over ${countOf(record.data.train, 'item')}`,
      ),
    );
  }
  items.push(figure('Search', formatSeconds(record.seconds), countOf(trials.length, 'trial')));
  return markup`<dl class="figures">${items}</dl>`;
}

function finalistTable({ finalists, metric }: Evidence): Markup | null {
  if (finalists.length === 0) return null;
  const cell = (name: string, value: string): Markup =>
    markup`<td role="cell" data-label="${name}">${value}</td>`;
  const row = ({ trial, choices, runs, median, low, high, lost }: MeasuredFinalist): Markup => {
    const seconds = runs.length === 0 ? NaN : runs.reduce((sum, run) => sum + run.seconds, 0) / runs.length;
    return markup`<tr role="row">
      <th role="rowheader" scope="row">Trial ${trial} <span>${shortChoices(choices)}</span></th>
      ${cell('median', metric.format(median))}${cell('lowest', metric.format(low))}${cell('highest', metric.format(high))}${cell('seeds', lost === 0 ? String(runs.length) : `${runs.length + lost}, ${lost} diverged`)}${cell('time', formatSeconds(seconds))}
    </tr>`;
  };
  return markup`<table role="table" class="cards finalists">
    <caption>
      Validation ${metric.name} of the finalists, each trained again with fresh seeds
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        ${['Combination', 'Median', 'Lowest', 'Highest', 'Seeds', 'Time'].map((name) => markup`<th role="columnheader" scope="col">${name}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${finalists.slice(0, 2).map(row)}
    </tbody>
  </table>`;
}
