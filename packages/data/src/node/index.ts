export { readIdx } from './read-idx.ts';
