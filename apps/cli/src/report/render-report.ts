import { createHash } from 'node:crypto';
import { evidenceOf } from './evidence.ts';
import { Markup, markup } from './markup.ts';
import { pageScript } from './page-script.ts';
import { choiceCosts } from './sections/choice-costs.ts';
import { origin } from './sections/origin.ts';
import { plots } from './sections/plots.ts';
import { recommendation } from './sections/recommendation.ts';
import { trialTable } from './sections/trials.ts';
import type { StudyRecord } from './study-record.ts';
import { stylesheet } from './stylesheet.ts';

/** A study as one HTML file that loads nothing from anywhere: the recommendation first, then its evidence. */
export function renderReport(record: StudyRecord): string {
  const evidence = evidenceOf(record);
  const script = createHash('sha256').update(pageScript).digest('base64');
  // Names come from files of users: whatever they hold, no other script runs and nothing is fetched.
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${script}'; base-uri 'none'; form-action 'none'`;
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${record.experiment}: a study by Nadir</title>
        <style>
          ${new Markup(stylesheet)}
        </style>
      </head>
      <body>
        <header>
          <span>Study of <b>${record.experiment}</b></span
          ><time datetime="${record.createdAt}">${dateText(record.createdAt)}</time>
        </header>
        <main>
          <section id="recommendation" aria-label="Recommendation">${recommendation(evidence)}</section>
          ${choiceCosts(evidence)} ${plots(evidence)} ${trialTable(evidence)} ${origin(evidence)}
        </main>
        <footer>Made by <b>nadir</b>. Every choice was made on validation data alone.</footer>
        <script>${new Markup(pageScript)}</script>
      </body>
    </html> `;
  return page.text;
}

function dateText(date: string): string {
  const time = new Date(date);
  if (Number.isNaN(time.getTime())) return date;
  return time
    .toLocaleString('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
    .concat(' UTC');
}
