/** Milliseconds of the fastest call within at least `least` milliseconds: a shared machine only ever adds. */
export function fastestCall(run: () => unknown, least = 300): number {
  for (let i = 0; i < 3; i++) run();
  let best = Infinity;
  const start = performance.now();
  for (let calls = 0; calls < 5 || performance.now() - start < least; calls++) {
    const before = performance.now();
    run();
    best = Math.min(best, performance.now() - before);
  }
  return best;
}
