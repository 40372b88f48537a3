import { megabytes, type BatchCost, type Misfit } from './memory-and-speed.ts';
import type { NoiseScale } from './noise-scale.ts';

/** How the learning rate follows the batch size: in proportion, or with its square root. */
export type LearningRateScaling = 'linear' | 'sqrt';

/** One branch of the direct check. */
export interface BatchBranch {
  readonly batchSize: number;
  readonly lr: number;
  readonly steps: number;
  /** After the same number of items as all others; not finite where it diverged. */
  readonly loss: number;
  /** Whether its loss is within the tolerance of the branch at the first size. */
  readonly isGood: boolean;
}

/** What a batch size is chosen from. */
export interface BatchEvidence {
  /** The size that the learning rate is known for. */
  readonly baseSize: number;
  readonly baseLr: number;
  readonly scaling: LearningRateScaling;
  readonly costs: readonly BatchCost[];
  readonly misfit: Misfit | null;
  readonly noise: NoiseScale;
  readonly branches: readonly BatchBranch[];
  /** Part of the loss by which a branch may be worse. */
  readonly tolerance: number;
}

/** A batch size, its learning rate, and why. */
export interface BatchRecommendation {
  readonly batchSize: number;
  readonly lr: number;
  /** The sizes that are best somewhere within the interval of the noise scale. */
  readonly range: readonly [low: number, high: number];
  /** The smallest size with nine tenths of the best throughput. */
  readonly knee: number;
  /** Sentences, the first of which is the recommendation. */
  readonly reasons: readonly string[];
}

const kneeShare = 0.9;

/** The learning rate that goes with a batch size. */
export function scaledLearningRate(
  lr: number,
  from: number,
  to: number,
  scaling: LearningRateScaling,
): number {
  return lr * (scaling === 'linear' ? to / from : Math.sqrt(to / from));
}

/**
 * The size that reaches a loss first: n items at once need 1 + n/B times the items of the smallest batches, for a noise scale B
 * (McCandlish 2018, equation 2.11), and each size has its throughput.
 */
function fastest(costs: readonly BatchCost[], noise: number): number {
  const time = ({ batchSize, itemsPerSecond }: BatchCost): number =>
    (noise > 0 ? 1 + batchSize / noise : Infinity) / itemsPerSecond;
  // Where no gradient is left in the noise of one item, every size needs as many items as it has.
  return costs.reduce((best, cost) => (time(cost) < time(best) ? cost : best)).batchSize;
}

const rounded = (x: number): string => (x >= 100 ? Math.round(x).toLocaleString('en') : x.toPrecision(2));

function noiseText({ value, low, high }: NoiseScale): string {
  if (high !== Infinity) return `${rounded(value)} items (95 %: ${rounded(low)} to ${rounded(high)})`;
  return low > 0
    ? `at least ${rounded(low)} items, with no upper bound from these steps`
    : 'not to be told from these steps';
}

/**
 * Joins what was measured into one batch size: among those that fit and passed the direct check, the one that reaches a loss first
 * by throughput and noise scale. Where the noise scale has no upper bound its lower one decides.
 */
export function recommendBatchSize(evidence: BatchEvidence): BatchRecommendation {
  const { baseSize, baseLr, scaling, costs, misfit, noise, branches, tolerance } = evidence;
  const best = Math.max(...costs.map(({ itemsPerSecond }) => itemsPerSecond));
  const knee = costs.find(({ itemsPerSecond }) => itemsPerSecond >= kneeShare * best)!.batchSize;
  const largestGood = Math.max(
    0,
    ...branches.filter(({ isGood }) => isGood).map(({ batchSize }) => batchSize),
  );
  const failed = branches.find(({ isGood }) => !isGood);
  const limit = branches.length === 0 ? Infinity : Math.max(largestGood, baseSize);
  const allowed = costs.filter(({ batchSize }) => batchSize <= limit);
  const candidates = allowed.length > 0 ? allowed : [costs[0]!];
  const scale = noise.high === Infinity ? noise.low : noise.value;
  const batchSize = fastest(candidates, scale);
  const range = [
    fastest(candidates, noise.low),
    fastest(candidates, noise.high === Infinity ? Math.max(noise.value, noise.low) : noise.high),
  ] as const;
  const lr = scaledLearningRate(baseLr, baseSize, batchSize, scaling);
  const cost = costs.find((one) => one.batchSize === batchSize)!;
  const share = Math.round((100 * cost.itemsPerSecond) / best);
  const rule = scaling === 'linear' ? 'in proportion' : 'with the square root';
  const memory = cost.memoryBytes === null ? '' : `, with ${megabytes(cost.memoryBytes)} held by the process`;
  const reasons = [
    `Batch size ${batchSize}, learning rate ${Number(lr.toPrecision(3))}` +
      (range[0] === range[1]
        ? '.'
        : `; by the uncertainty of the noise scale ${range[0]} to ${range[1]} are as good.`),
    `Fit: ${misfit === null ? `all sizes up to ${costs.at(-1)!.batchSize} run` : `${misfit.batchSize} does not, ${misfit.reason}`}${memory}.`,
    `Throughput: ${rounded(cost.itemsPerSecond)} items/s, ${share} % of the best; nine tenths of it are reached at ${knee}.`,
    `Noise scale: ${noiseText(noise)}. Far below it a larger batch saves steps in proportion, far above hardly any.`,
    `Learning rate: scaled ${rule} from ${Number(baseLr.toPrecision(3))} at ${baseSize}.`,
  ];
  if (branches.length > 0) {
    const percent = `${Number((100 * tolerance).toPrecision(2))} %`;
    reasons.push(
      `Direct check: trained on the same items from one checkpoint, ${largestGood} ends within ${percent} of the loss at ${branches[0]!.batchSize}` +
        (failed === undefined
          ? '.'
          : `, ${failed.batchSize} does not (${failed.loss.toPrecision(3)} against ${branches[0]!.loss.toPrecision(3)}).`),
    );
  }
  return { batchSize, lr, range, knee, reasons };
}
