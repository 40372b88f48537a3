import { afterEach, describe, expect, it, vi } from 'vitest';
import { yieldToEventLoop } from '../src/event-loop.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each(['Node', 'a browser'])('yieldToEventLoop in %s', (place) => {
  it('lets other tasks run', async () => {
    if (place === 'a browser') vi.stubGlobal('setImmediate', undefined);
    const timer = vi.fn<() => void>();
    setTimeout(timer, 0);
    const deadline = performance.now() + 2000;
    while (timer.mock.calls.length === 0 && performance.now() < deadline) await yieldToEventLoop();
    expect(timer).toHaveBeenCalledOnce();
  });
});
