export { loadCheckpoint, saveCheckpoint } from './checkpoint-file.ts';
