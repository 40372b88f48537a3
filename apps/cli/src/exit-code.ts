/** The exit codes of the command, as its help lists them. */
export const exitCodes: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'it failed: the message says why',
  2: 'the command line, an experiment or a run folder is not as it must be',
  130: 'stopped by Ctrl-C: what is done is kept, --resume goes on',
  143: 'stopped by SIGTERM, likewise',
};
