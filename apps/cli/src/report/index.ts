export { renderPlots, type RenderedPlot } from './render-plots.ts';
export { renderReport } from './render-report.ts';
export { schedulePlot, type ScheduleSeries } from './schedule-plot.ts';
