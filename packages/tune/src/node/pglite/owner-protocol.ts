import { join } from 'node:path';
import type { StorageMethod } from '../../storage/storage-calls.ts';

/** Raised where messages change: a client and an owner of different versions do not talk. */
export const protocolVersion = 1;

/** Where a folder's files are. */
export interface FolderLayout {
  /** What PGlite keeps. Its lock stands beside it. */
  readonly database: string;
  /** How to reach the process that has the database open. */
  readonly address: string;
}

export function layoutOf(folder: string): FolderLayout {
  return { database: join(folder, 'database'), address: join(folder, 'owner.json') };
}

/** What the owner of a folder leaves in it for others. */
export interface OwnerAddress {
  readonly version: number;
  /** Of the owner's lock: an address with another one was left behind by an earlier owner. */
  readonly token: string;
  /** A socket, or on Windows a pipe. */
  readonly socket: string;
  /** Who can read the folder can show this, and nobody else can. */
  readonly key: string;
}

/** A call, as a client numbers it. */
export interface CallMessage {
  readonly id: number;
  readonly method: StorageMethod;
  readonly args: readonly unknown[];
}

export type ClientMessage = { readonly hello: string } | CallMessage;

/** What an owner answers: `welcome` to the key, an answer to each call, and `bye` before it closes. */
export type OwnerMessage =
  | { readonly welcome: number }
  | { readonly id: number; readonly result?: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } }
  | { readonly bye: true };
