import { expect, it } from 'vitest';
import { importPeer, peerVersion } from '../../src/bench/peers/import-peer.ts';

it('says how to get a library that is missing', async () => {
  await expect(importPeer('@nadir/not-there', '@jax-js/jax')).rejects.toThrow(
    '@nadir/not-there is not installed. Install it beside nadir: npm install @jax-js/jax',
  );
});

it('does not hide that a library is broken', async () => {
  await expect(importPeer('data:text/javascript,throw new Error("broken")', '')).rejects.toThrow('broken');
});

it('knows the version of a library without an exported manifest', () => {
  expect(peerVersion('@jax-js/jax')).toMatch(/^\d+\.\d+\.\d+$/);
});
