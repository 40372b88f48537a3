/** The mean of the squares of all elements: by it the results of single operations are compared. */
export function meanSquare(values: ArrayLike<number>): number {
  // In float64: ten million squares are too many for a sum in float32.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return sum / values.length;
}
