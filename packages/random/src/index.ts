export { PhiloxGenerator } from './generator.ts';
export type { MutableSequence, PhiloxGeneratorOptions, PhiloxGeneratorState } from './generator.ts';
export type { StreamLabel } from './label-key.ts';
export { philox4x32, philoxFill, uniformFromBits } from './philox.ts';
export type { PhiloxCounter, PhiloxKey } from './philox.ts';
export { advance } from './position.ts';
export type { PhiloxPosition } from './position.ts';
export { seedKey } from './seed-key.ts';
