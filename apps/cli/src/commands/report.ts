import type { Command } from 'commander';
import { UsageError } from '../cli-error.ts';
import { findingsOf } from '../findings.ts';
import { recordName, reportName, writeReport } from '../report-file.ts';
import type { StudyRecord } from '../report/study-record.ts';
import { RunFolder } from '../run-folder.ts';
import { findingsText } from '../terminal/findings-text.ts';
import { createOutput } from './output.ts';

/** Adds `nadir report`. */
export function addReportCommand(program: Command, setExitCode: (code: number) => void): void {
  program
    .command('report')
    .summary('write the report of a search again')
    .description(`Shows what a search found, and writes its ${reportName} again from ${recordName}.`)
    .argument('<folder>', 'the folder of a run of nadir tune or nadir start')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  $ nadir report nadir-runs/mnist-tune-20260101-120000`,
    )
    .action(async (path: string, flags: { readonly json?: boolean }) => {
      const output = createOutput(flags.json ?? false);
      const folder = new RunFolder(path);
      if (!folder.has(recordName)) {
        throw new UsageError(
          folder.has('run.json')
            ? `${folder.shown} has no ${recordName} yet. Finish the search: nadir tune --resume ${folder.shown}`
            : `${folder.shown} is no folder of nadir tune: there is no ${recordName} in it.`,
        );
      }
      const record = (await folder.readJson(recordName)) as StudyRecord;
      await writeReport(folder, record);
      const findings = findingsOf(record);
      for (const line of findingsText(record, findings, output.screen.width)) output.screen.print(line);
      output.screen.print();
      output.screen.print(`  report  ${folder.shownFile(reportName)}`);
      output.event('end', { report: folder.file(reportName) });
      setExitCode(0);
    });
}
