import { darkPalette, lightPalette, paletteRules } from './palette.ts';

/** The style of a report: system fonts, one column of text, plots in two where there is room. */
export const stylesheet: string = `
:root { color-scheme: light dark; ${paletteRules(lightPalette)} }
@media (prefers-color-scheme: dark) { :root { ${paletteRules(darkPalette)} } }
@media print { :root { ${paletteRules(lightPalette)} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--background); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
header, main, footer { max-width: 1152px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 28px; display: flex; flex-wrap: wrap; gap: 4px 20px; justify-content: space-between; color: var(--muted); font-size: 14px; }
header b { color: var(--ink); font-weight: 600; overflow-wrap: anywhere; }
footer { padding-top: 36px; padding-bottom: 40px; color: var(--muted); font-size: 14px; }
h1 { font-size: clamp(26px, 4.4vw, 42px); line-height: 1.16; letter-spacing: -0.02em; font-weight: 650; margin: 28px 0 24px; max-width: 24em; text-wrap: balance; overflow-wrap: anywhere; }
h2 { font-size: 26px; line-height: 1.25; letter-spacing: -0.01em; font-weight: 650; margin: 0 0 8px; }
h3 { font-size: 17px; line-height: 1.35; font-weight: 600; margin: 0; overflow-wrap: anywhere; }
p { margin: 0 0 12px; max-width: 44em; overflow-wrap: anywhere; text-wrap: pretty; }
section { margin-top: 64px; }
section > p, .choice > p, figcaption p { color: var(--muted); }
section > .certainty { color: var(--ink); }
.value { white-space: nowrap; }
section > h3, section > section > h3 { margin: 28px 0 8px; }
.lead { font-size: 18px; color: var(--muted); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); gap: 20px 32px; margin: 0 0 28px; padding: 22px 0; border: solid var(--grid); border-width: 1px 0; }
.figures dt { color: var(--muted); font-size: 14px; }
.figures dd { margin: 0; display: flex; flex-direction: column; }
.figures strong { font-size: 30px; line-height: 1.25; font-weight: 600; letter-spacing: -0.015em; font-variant-numeric: tabular-nums; }
.figures span { color: var(--muted); font-size: 14px; line-height: 1.4; }
.certainty { font-size: 17px; margin-bottom: 20px; }
.choices { display: flex; flex-wrap: wrap; gap: 10px 32px; margin: 0 0 4px; }
.choices dt, .origin dt { color: var(--muted); font-size: 14px; }
.choices dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.command { position: relative; background: var(--panel); border: 1px solid var(--grid); border-radius: 8px; }
.command pre { margin: 0; padding: 14px 84px 14px 16px; white-space: pre-wrap; overflow-wrap: anywhere; }
code { font: 14px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
.command span { display: inline-block; max-width: 100%; }
.command button { position: absolute; top: 9px; right: 9px; }
button { font: inherit; font-size: 14px; color: var(--ink); background: var(--background); border: 1px solid var(--faint); border-radius: 6px; padding: 3px 12px; cursor: pointer; }
button:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; line-height: 1.4; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); font-size: 14px; padding-bottom: 6px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th, td { text-align: left; padding: 7px 12px 7px 0; border-bottom: 1px solid var(--grid); vertical-align: baseline; }
th:last-child, td:last-child { padding-right: 0; }
td, th { white-space: nowrap; }
.long, tbody th, .early { white-space: normal; overflow-wrap: anywhere; }
tbody th { min-width: 8.6em; }
.sortable tbody th { white-space: nowrap; min-width: 0; }
.spelled { display: none; }
thead th { color: var(--muted); font-weight: 500; }
.wide-table { overflow-x: auto; min-width: 0; }
.choice thead th:first-child { white-space: normal; overflow-wrap: anywhere; }
tbody th { font-weight: 600; }
tbody th span { font-weight: 400; color: var(--muted); }
.sortable .number { text-align: right; }
.sortable thead button { all: unset; cursor: pointer; }
.sortable thead button:focus-visible { outline: 2px solid var(--accent); }
.sortable thead button:hover { color: var(--ink); }
[aria-sort=ascending] button::after { content: " ↑"; }
[aria-sort=descending] button::after { content: " ↓"; }
.pruned td, .failed td, .diverged td { color: var(--muted); }
.mark { display: inline-block; border: 1px solid var(--faint); border-radius: 99px; padding: 0 7px; font-size: 12px; line-height: 1.5; margin-left: 4px; }
figure { margin: 0; min-width: 0; }
figcaption { margin-bottom: 14px; }
figcaption p { font-size: 14px; line-height: 1.45; margin: 4px 0 0; }
svg { display: block; max-width: 100%; height: auto; }
svg.narrow { display: none; }
.plots { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 52px 40px; margin-top: 28px; align-items: start; }
.choice { margin-top: 36px; padding-top: 18px; border-top: 1px solid var(--grid); }
.choice > p { margin: 4px 0 14px; font-size: 15px; }
.pair { display: grid; grid-template-columns: minmax(0, 8fr) minmax(0, 12fr); gap: 32px; align-items: start; }
.origin { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 14px 32px; margin: 16px 0 0; }
.origin dd { margin: 0; overflow-wrap: anywhere; }
.origin div:first-child { grid-column: 1 / -1; }
@media (max-width: 1000px) {
  .pair, .plots { grid-template-columns: minmax(0, 1fr); }
  .pair { gap: 20px; }
  figure { max-width: 620px; }
  .sortable thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .sortable, .sortable tbody { display: block; }
  .sortable tr { display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); gap: 6px 12px; padding: 10px 0; border-bottom: 1px solid var(--grid); }
  .sortable th, .sortable td { display: block; padding: 0; border: 0; white-space: normal; overflow-wrap: anywhere; font-size: 13px; }
  .sortable tbody th { grid-column: 1 / -1; min-width: 0; font-size: 15px; }
  .sortable td::before { content: attr(data-label); display: block; color: var(--muted); font-size: 12px; line-height: 1.3; }
  .sortable .long { grid-column: span 2; }
  .sortable tbody th .spelled { display: inline; color: inherit; font-weight: inherit; }
  .sortable .number { text-align: left; }
}
@media (max-width: 640px) {
  section { margin-top: 48px; }
  svg.wide { display: none; }
  svg.narrow { display: block; width: 100%; }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px 20px; }
  .figures strong { font-size: 25px; }
  .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .cards, .cards tbody, .cards caption { display: block; }
  .cards tr, .sortable tr { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 6px 10px; padding: 10px 0; border-bottom: 1px solid var(--grid); }
  .finalists tr { grid-template-columns: repeat(5, minmax(0, 1fr)); }
  .cards th, .cards td { display: block; padding: 0; border: 0; white-space: normal; overflow-wrap: anywhere; font-size: 13px; }
  .cards tbody th { grid-column: 1 / -1; min-width: 0; font-size: 15px; }
  .cards td::before { content: attr(data-label); display: block; color: var(--muted); font-size: 12px; line-height: 1.3; }
}
`;
