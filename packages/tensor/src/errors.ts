/** The base of every error that Nadir throws on purpose. Messages read `op(): requirement, got A and B. Hint.` */
export class NadirError extends Error {
  override readonly name: string = 'NadirError';
  /** Marks the error across copies of the package, where `instanceof` fails. */
  readonly isNadirError: true = true;

  /** True for a Nadir error of any copy of this package. */
  static is(value: unknown): value is NadirError {
    return typeof value === 'object' && value !== null && 'isNadirError' in value;
  }
}

/** Shapes, axes or sizes that do not fit the operation. */
export class ShapeError extends NadirError {
  override readonly name = 'ShapeError';
}

/** An element type that the operation does not take. */
export class DTypeError extends NadirError {
  override readonly name = 'DTypeError';
}

/** An index outside its axis. */
export class IndexError extends NadirError {
  override readonly name = 'IndexError';
}

/** A number or option outside its domain. */
export class ValueError extends NadirError {
  override readonly name = 'ValueError';
}

/** A gradient that cannot be computed: no history, a freed graph, a tensor changed in place since. */
export class GradientError extends NadirError {
  override readonly name = 'GradientError';
}

/** Something that cannot be part of a recorded program, or a program that is not well formed. */
export class ProgramError extends NadirError {
  override readonly name = 'ProgramError';
}
