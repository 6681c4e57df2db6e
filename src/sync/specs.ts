/** What the operations of each kind are made of: the JSON of their `spec` column, written and read here alone. */
import type { Fingerprint } from '../core/fingerprint.ts';
import type { StoredOperation } from '../db/stored-operation.ts';

export interface UploadSpec {
  readonly key: string;
  readonly fingerprint: Fingerprint;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  /** The original base name, percent-encoded, where the key's differs (NFC). */
  readonly originalName: string | null;
  /** Only times or identity moved since the last upload: the content decides whether anything is to be sent. */
  readonly hashFirst: boolean;
  /** The upload goes to a name of its own beside the other's version (`resolve --keep both`): create, never replace. */
  readonly beside: boolean;
}

export interface CallSpec {
  readonly method: string;
  readonly ifMatch: string | null;
  readonly timeoutMs: number;
}

/** The part of a call that may hold secrets: sealed in its row. */
export interface SealedCall {
  /** Absolute URL; with a provider the path below its base URL. Its query may hold a token. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** What a call remembers between attempts. */
export interface CallMemo {
  readonly firstSentAt?: number;
  /** A request went out and no reply to it was recorded. */
  readonly unsettled?: boolean;
}

export function uploadSpec(operation: StoredOperation): UploadSpec {
  return operation.spec as UploadSpec;
}

export function callSpec(operation: StoredOperation): CallSpec {
  return operation.spec as CallSpec;
}

export const folderLane = (folder: string): string => `folder:${folder}`;
export const providerLane = (provider: string): string => `provider:${provider}`;
/** Calls to a bare URL: one lane per origin, so that one dead host does not hold up another. */
export const originLane = (url: string): string => `origin:${new URL(url).origin}`;
export const objectResource = (destination: string, key: string): string => `${destination}:${key}`;
