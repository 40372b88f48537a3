import { contractionCases } from './contraction-cases.ts';
import { edgeCases } from './edge-cases.ts';
import { elementwiseCases } from './elementwise-cases.ts';
import { movementCases } from './movement-cases.ts';
import type { OperationCase } from './operation-case.ts';
import { reductionCases } from './reduction-cases.ts';

/** Every case of the contract suite. Names are unique: a fixture is found by its name. */
export const operationCases: readonly OperationCase[] = [
  ...elementwiseCases,
  ...reductionCases,
  ...movementCases,
  ...contractionCases,
  ...edgeCases,
];
