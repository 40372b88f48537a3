// Runs a study until it is killed; started by json-lines-storage.test.ts.
import { createStudy } from '@nadir/tune';
import { jsonLinesStorage } from '@nadir/tune/node';

const storage = jsonLinesStorage(process.argv[2] as string);
const study = await createStudy({ storage, seed: 5, resume: true, maxAttempts: 1000 });
await study.optimize(
  async (trial) => {
    const x = trial.suggestFloat('x', 0, 1);
    for (let step = 0; step < 3; step++) trial.report(x / (step + 1), step);
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
    return x;
  },
  {
    concurrency: 2,
    // Told to the parent only when the storage has it.
    callbacks: [{ onTrialEnd: (trial) => void process.stdout.write(`${trial.number} ${trial.value}\n`) }],
  },
);
