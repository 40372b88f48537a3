/** Neat shares below 100% for an axis that shows what is missing: 98%, 95%, 90%, 80%, 50%, 0%. */
export function missingTicks(low: number, high: number, most: number): readonly number[] {
  const fine = valuesBetween(low, high, [1, 2, 5]);
  return fine.length >= 3 && fine.length <= most ? fine : logTicks(low, high, most);
}

const mantissas = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7], [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9]];

/** Neat values for an axis whose scale is logarithmic: at most `most`, at least three where that is possible. */
export function logTicks(low: number, high: number, most: number): readonly number[] {
  if (!(low > 0) || !(high > low)) return [low];
  const sets = mantissas.map((set) => valuesBetween(low, high, set));
  const decades = sets[0]!;
  if (decades.length > most) {
    const every = Math.ceil(decades.length / most);
    return decades.filter((_, index) => (decades.length - 1 - index) % every === 0);
  }
  const fitting = sets.filter((set) => set.length <= most);
  const enough = fitting.find((set) => set.length >= 3);
  if (enough !== undefined) return enough;
  // A range that is narrower than a factor of about 2 looks almost linear.
  return high / low < 3 ? linearTicks(low, high, most).filter((tick) => tick > 0) : (fitting.at(-1) ?? []);
}

/** Neat values for an axis whose scale is linear: at most `most`. */
export function linearTicks(low: number, high: number, most: number): readonly number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / Math.max(most - 1, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  for (const factor of [1, 2, 5, 10, 20]) {
    const step = factor * power;
    const first = Math.ceil(low / step - 1e-9);
    const last = Math.floor(high / step + 1e-9);
    if (last - first + 1 <= most) {
      return Array.from({ length: last - first + 1 }, (_, index) =>
        Number(((first + index) * step).toPrecision(12)),
      );
    }
  }
  return [low, high];
}

function valuesBetween(low: number, high: number, set: readonly number[]): number[] {
  const values: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const mantissa of set) {
      const value = Number(`${mantissa}e${power}`);
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) values.push(value);
    }
  }
  return values;
}
