interface Immediates {
  readonly setImmediate?: (callback: () => void) => unknown;
}

/**
 * Lets timers, signals and other input in: without it, a study over a synchronous objective would run its trials in
 * microtasks alone, and an interrupt or an abort would never arrive. Not `setTimeout`, which browsers hold for 4 ms.
 */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    const { setImmediate } = globalThis as Immediates;
    if (setImmediate !== undefined) {
      setImmediate(resolve);
      return;
    }
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(undefined);
  });
}
