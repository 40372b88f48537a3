import type {
  Choices,
  CurvePoint,
  StudyRecord,
  TrialOutcome,
  TrialRecord,
  ValidationPoint,
} from '../../src/report/study-record.ts';

const items = 55_000;
const epochs = 2;
const evaluations = 8;

/** Uniform numbers in [0, 1): mulberry32. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const optimizers = {
  sgd: { low: 0.01, high: 1, best: 0.25, speed: 1 },
  nesterov: { low: 0.002, high: 0.2, best: 0.04, speed: 0.95 },
  adam: { low: 1e-4, high: 0.01, best: 0.0015, speed: 0.85 },
  adamw: { low: 1e-4, high: 0.01, best: 0.0018, speed: 0.84 },
} as const;

type OptimizerName = keyof typeof optimizers;

const pick = <T>(values: readonly T[], share: number): T => values[Math.floor(share * values.length)]!;

/** A run that behaves as a small perceptron on digits does: worse away from the best rate, noisier in small batches. */
function run(
  choices: Choices,
  length: number,
  random: () => number,
): Pick<TrialRecord, 'losses' | 'validation'> & { lost: boolean } {
  const optimizer = optimizers[choices['optimizer'] as OptimizerName];
  const batch = choices['batchSize'] as number;
  const off = Math.log10((choices['lr'] as number) / (optimizer.best * Math.sqrt(batch / 64)));
  const decay = choices['schedule'] === 'constant' ? 1 : 0.75;
  const lost = off > 0.62;
  const floor = 0.05 * decay * (1 + 3 * off * off);
  const rate = (9 * 10 ** (0.8 * Math.min(off, 0) - 0.3 * Math.max(off, 0))) / Math.sqrt(batch / 32);
  const perSecond = optimizer.speed * 5200 * Math.sqrt(batch / 32);
  const total = length * items;
  const count = 200;
  const lossAt = (share: number): number => floor + 2.25 / (1 + rate * share * length * 10) ** 1.1;
  const losses: CurvePoint[] = [];
  for (let i = 1; i <= count; i++) {
    const share = i / count;
    const examples = Math.round(share * total);
    const noise = Math.exp((0.35 / Math.sqrt(batch / 32)) * (random() + random() + random() - 1.5));
    const value = lost && share > 0.12 ? 2.3 * 1.4 ** ((share - 0.12) * 200) : lossAt(share) * noise;
    if (lost && share > 0.2) break;
    losses.push({ step: Math.round(examples / batch), examples, seconds: examples / perSecond, value });
  }
  const validation: ValidationPoint[] = [];
  for (let i = 1; i <= evaluations; i++) {
    const share = i / evaluations;
    if (lost && share > 0.2) break;
    const examples = Math.round(share * total);
    const loss = lossAt(share) * 1.05 + 0.03;
    const metric = Math.round(5000 * (1 - 0.3 * loss - 0.004 * (random() - 0.5))) / 5000;
    validation.push({
      step: Math.round(examples / batch),
      examples,
      seconds: examples / perSecond,
      loss,
      metric: lost ? 0.0976 : metric,
    });
  }
  return { losses, validation, lost };
}

const bestOf = (points: readonly ValidationPoint[]): number | null =>
  points.length === 0 ? null : Math.max(...points.map(({ metric }) => metric));

/** A study of digits: random search over six parameters with pruning, as `nadir tune mnist` leaves it. */
export function sampleRecord({
  trials: count = 20,
  seed = 7,
}: { readonly trials?: number; readonly seed?: number } = {}): StudyRecord {
  const random = uniform(seed);
  const trials: TrialRecord[] = [];
  for (let number = 0; number < count; number++) {
    const name = pick(Object.keys(optimizers) as OptimizerName[], random());
    const { low, high } = optimizers[name];
    const choices = {
      optimizer: name,
      lr: low * (high / low) ** random(),
      schedule: pick(['constant', 'exponential', 'step', 'cosine'], random()),
      batchSize: pick([32, 64, 128, 256], random()),
      weightDecay: pick([0, 1e-5, 1e-4, 1e-3], random()),
      warmup: pick([0, 0.1], random()),
    };
    const { losses, validation, lost } = run(choices, epochs, random);
    trials.push(endTrial(number, choices, losses, validation, lost, trials));
  }
  const ranked = trials
    .filter(({ outcome }) => outcome === 'completed')
    .toSorted((a, b) => b.metric! - a.metric! || a.number - b.number);
  const finalists = ranked.slice(0, 2).map(({ number, choices }) => ({
    trial: number,
    choices,
    runs: [seed + 1, seed + 2, seed + 3].map((fresh) => {
      const { validation } = run(choices, epochs, uniform(fresh * 31 + number));
      return { seed: fresh, metric: bestOf(validation)!, seconds: validation.at(-1)!.seconds };
    }),
  }));
  const chosen = finalists[0];
  const full = chosen === undefined ? null : run(chosen.choices, 8, uniform(seed + 99));
  return {
    experiment: 'mnist',
    metric: { name: 'accuracy', direction: 'maximize' },
    seed,
    createdAt: '2026-11-23T21:04:05.000Z',
    command: `nadir tune mnist --trials ${count} --timeout 120s --seed ${seed}`,
    machine: {
      node: '24.21.0',
      nadir: '0.1.0',
      platform: 'linux x64',
      cpu: 'AMD EPYC 7B13',
      threads: 2,
      executor: 'eager',
    },
    data: { train: items, validation: 5000, test: 10_000 },
    seconds: trials.reduce((sum, { seconds }) => sum + seconds, 0) / 2,
    trials,
    finalists,
    winner:
      chosen === undefined || full === null
        ? null
        : {
            trial: chosen.trial,
            choices: chosen.choices,
            seed,
            epochs: 8,
            seconds: full.validation.at(-1)!.seconds,
            losses: full.losses,
            validation: full.validation,
            test: { loss: 0.0812, metric: 0.9764, items: 10_000 },
          },
  };
}

function endTrial(
  number: number,
  choices: Choices,
  losses: readonly CurvePoint[],
  validation: readonly ValidationPoint[],
  lost: boolean,
  before: readonly TrialRecord[],
): TrialRecord {
  const cut = lost ? -1 : prunedAt(validation, before);
  const kept = cut < 0 ? validation : validation.slice(0, cut + 1);
  const last = kept.at(-1)?.examples ?? 0;
  const outcome: TrialOutcome = lost ? 'diverged' : cut < 0 ? 'completed' : 'pruned';
  const reasons = {
    diverged: `the loss reached 9.8e+1 at step ${losses.at(-1)!.step}`,
    pruned: 'below the median of earlier trials',
  };
  const shown = cut < 0 ? losses : losses.filter(({ examples }) => examples <= last);
  return {
    number,
    choices,
    outcome,
    metric: bestOf(kept),
    seconds: shown.at(-1)!.seconds * 1.04,
    ...(outcome === 'completed' ? {} : { reason: reasons[outcome] }),
    losses: shown,
    validation: kept,
  };
}

/** The evaluation at which the median pruner ends a trial, or -1. */
function prunedAt(validation: readonly ValidationPoint[], before: readonly TrialRecord[]): number {
  if (before.length < 4) return -1;
  return validation.findIndex(({ metric }, index) => {
    if (index < 1 || index === validation.length - 1) return false;
    const others = before.flatMap((trial) => trial.validation[index]?.metric ?? []).toSorted((a, b) => a - b);
    return others.length >= 3 && metric < others[Math.floor(others.length / 2)]!;
  });
}
