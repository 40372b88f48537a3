import { testExecutor } from '@nadir/tensor/testing';
import { it } from 'vitest';
import { wasmExecutor } from '../src/index.ts';

testExecutor(wasmExecutor, it);
