// Trials a second of each storage: pnpm exec node --conditions=@nadir/source packages/tune/bench/storage.ts [location …]
// A trial is five writes or fewer: created, its parameters and proposal, three reports in one, finished.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStudy, float, int } from '@nadir/tune';
import { openStorage } from '@nadir/tune/node';

const folder = await mkdtemp(join(tmpdir(), 'nadir-bench-'));
const given = process.argv.slice(2);
const locations =
  given.length > 0 ? given : ['memory:', join(folder, 'studies.jsonl'), join(folder, 'studies')];
const trials = 500;

const time = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

for (const location of locations) {
  const storage = openStorage(location);
  const opened = await time(() => storage.listStudies());
  const name = `bench-${Date.now()}`;
  const study = await createStudy({
    storage,
    name,
    seed: 1,
    space: { lr: float(1e-4, 1, { log: true }), batch: int(8, 512) },
  });
  const rounds: number[] = [];
  for (let round = 0; round < 3; round++) {
    const milliseconds = await time(() =>
      study.optimize(
        (trial) => {
          for (let step = 0; step < 3; step++) trial.report(trial.params.lr / (step + 1), step);
          return trial.params.lr;
        },
        { trials },
      ),
    );
    rounds.push((1000 * trials) / milliseconds);
  }
  const loaded = await time(() => storage.loadTrials(name, 0));
  await storage.deleteStudy(name);
  await storage.close();
  const [least, middle, most] = rounds.toSorted((a, b) => a - b).map((rate) => Math.round(rate));
  console.log(
    `${location.replace(folder, '')}: ${middle} trials/s (${least} – ${most}), opened in ${opened.toFixed(0)} ms, ` +
      `${3 * trials} trials read in ${loaded.toFixed(0)} ms`,
  );
}
await rm(folder, { recursive: true });
