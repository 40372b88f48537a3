/** Receives a message about something allowed but probably not meant. */
export type Warn = (message: string) => void;

/** Where warnings go unless a study or storage is given its own `onWarning`. */
export const warnOnConsole: Warn = (message) => {
  // oxlint-disable-next-line no-console -- a library without a logger has no other place to be heard
  console.warn(message);
};
