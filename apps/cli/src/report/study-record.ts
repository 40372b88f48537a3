/** One combination of choices: names and values of the search space. */
export type Choices = Readonly<Record<string, string | number | boolean>>;

/** A point of a loss curve. */
export interface CurvePoint {
  readonly step: number;
  /** Training items seen. */
  readonly examples: number;
  readonly seconds: number;
  readonly value: number;
}

/** One evaluation on validation data. */
export interface ValidationPoint {
  readonly step: number;
  readonly examples: number;
  readonly seconds: number;
  readonly loss: number;
  /** The metric that the search looks at, such as accuracy. */
  readonly metric: number;
}

/** How a trial ended. */
export type TrialOutcome = 'completed' | 'pruned' | 'failed' | 'diverged';

/** One training run of a study. */
export interface TrialRecord {
  readonly number: number;
  readonly choices: Choices;
  readonly outcome: TrialOutcome;
  /** The best validation metric; null where there was none. */
  readonly metric: number | null;
  readonly seconds: number;
  /** Why it ended, for one that was not completed. */
  readonly reason?: string;
  /** Training loss, thinned to a few hundred points. */
  readonly losses: readonly CurvePoint[];
  readonly validation: readonly ValidationPoint[];
}

/** One of the best combinations, trained again with fresh seeds. */
export interface FinalistRecord {
  /** The trial that found it. */
  readonly trial: number;
  readonly choices: Choices;
  readonly runs: readonly { readonly seed: number; readonly metric: number; readonly seconds: number }[];
}

/** The chosen combination after its full training. */
export interface WinnerRecord {
  readonly trial: number;
  readonly choices: Choices;
  readonly seed: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly losses: readonly CurvePoint[];
  readonly validation: readonly ValidationPoint[];
  /** The command that trains it again. Default: made from the choices. */
  readonly command?: string;
  /** Read once, after everything was decided. */
  readonly test: { readonly loss: number; readonly metric: number; readonly items: number };
}

/** Everything that a report shows: what `nadir tune` and `nadir start` leave in `study.json`. */
export interface StudyRecord {
  readonly experiment: string;
  readonly metric: {
    readonly name: string;
    readonly direction: 'minimize' | 'maximize';
    /** The level whose time is compared. Default: one that most completed trials reach. */
    readonly target?: number;
  };
  readonly seed: number;
  readonly createdAt: string;
  readonly command: string;
  /** What took the steps. Default: the one that `nadir train` uses without a flag. */
  readonly executor?: string;
  /** Versions and machine, for the record. */
  readonly machine: Readonly<Record<string, string | number>>;
  readonly data: { readonly train: number; readonly validation: number; readonly test: number };
  /** Seconds that the search took. */
  readonly seconds: number;
  readonly trials: readonly TrialRecord[];
  readonly finalists: readonly FinalistRecord[];
  /** Null until a winner is trained. */
  readonly winner: WinnerRecord | null;
}
