export { defaultCollate } from './collate.ts';
export { DataError } from './data-error.ts';
export { DataLoader, type Collated, type DataLoaderOptions, type DataLoaderState } from './data-loader.ts';
export { TensorDataset, type Dataset } from './dataset.ts';
export { ArrayDataset, MappedDataset, Subset } from './dataset-views.ts';
export {
  parseCsv,
  type CategoryColumn,
  type ColumnType,
  type ColumnValues,
  type CsvOptions,
  type CsvTable,
} from './formats/csv.ts';
export { parseIdx } from './formats/idx.ts';
export { randomSampler, type RandomSamplerOptions } from './samplers/random-sampler.ts';
export type { Sampler } from './samplers/sampler.ts';
export { sequentialSampler } from './samplers/sequential-sampler.ts';
export { weightedSampler } from './samplers/weighted-sampler.ts';
export { randomSplit, stratifiedSplit, type SplitOptions } from './splits.ts';
