/** What the operations of each kind are made of: the JSON of their `spec` column, written and read here alone. */
import type { Fingerprint } from '../core/fingerprint.ts';
import type { StoredOperation, StoredVersion } from '../db/stored-operation.ts';

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
  /** They deleted it and that stays (*keep remote* in mirror mode): nothing is sent, the local file goes to the trash. */
  readonly discard?: true;
  /** Nothing is sent: the service copies this old version of the object back (`undo`). */
  readonly restores?: StoredVersion;
}

/** Takes the object away that a deleted file left (mirror mode). What to delete is the inventory's base of the file. */
export interface DeleteSpec {
  readonly key: string;
}

/** What a delete that succeeded has done: what an undo needs. */
export interface DeleteMemo {
  /** The version that was current; `versionId` is null where the bucket keeps no versions. */
  readonly removed?: { readonly etag: string; readonly versionId: string | null };
  /** The delete marker, where the bucket keeps versions. */
  readonly markerVersionId?: string | null;
}

/**
 * The file stands under another name now: the service copies the object, pinned to the base version of the old name, and in
 * mirror mode the old one is deleted. Where a copy can't be had the file goes up as any other. `UploadSpec` is the new name.
 */
export interface MoveSpec extends UploadSpec {
  readonly fromKey: string;
  /** Where the old name's row stands in the inventory. */
  readonly fromPath: string;
  readonly deleteSource: boolean;
}

/** What a move has done, so that a crash resumes at the step. */
export interface MoveMemo {
  /** The new object is there, as this version. */
  readonly placed?: { readonly etag: string; readonly versionId: string | null };
  /** No copy could be had: the bytes are sent. */
  readonly sending?: true;
}

/** Brings a version of an object into the folder; what stands there is kept aside. */
export interface DownloadSpec {
  readonly key: string;
  readonly etag: string;
  readonly versionId: string | null;
  readonly sizeBytes: number;
  readonly mtimeMs: number | null;
  /** The state of the local file that it may take the place of; null: there must be none. */
  readonly replaces: Fingerprint | null;
  /** Why, in the history: `keep-remote`, `undo`, `restore`. */
  readonly reason: string;
  /** This version and no other, although it is not the current one. Else whatever is current when it is brought. */
  readonly pinned?: true;
  /**
   * Of a pinned one: what was current when a person asked for it; null: nothing was. It goes up over this and over nothing
   * that comes later (P4).
   */
  readonly over?: StoredVersion | null;
}

/** What a download remembers between attempts. */
export interface DownloadMemo {
  /** So much of this version is on the disk for good, and its checksum up to there. */
  readonly checkpoint?: { readonly etag: string; readonly doneBytes: number; readonly checksum: string };
  /** Relative path under which the file that was here is kept; fixed before anything is moved. */
  readonly asidePath?: string;
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

export function deleteSpec(operation: StoredOperation): DeleteSpec {
  return operation.spec as DeleteSpec;
}

export function moveSpec(operation: StoredOperation): MoveSpec {
  return operation.spec as MoveSpec;
}

export function downloadSpec(operation: StoredOperation): DownloadSpec {
  return operation.spec as DownloadSpec;
}

export function callSpec(operation: StoredOperation): CallSpec {
  return operation.spec as CallSpec;
}

export const folderLane = (folder: string): string => `folder:${folder}`;
/** Deletes of a mirror folder: a lane of their own, as a mass delete that waits for a person holds up nothing else. */
export const deletesLane = (folder: string): string => `deletes:${folder}`;
export const providerLane = (provider: string): string => `provider:${provider}`;
/** Calls to a bare URL: one lane per origin, so that one dead host does not hold up another. */
export const originLane = (url: string): string => `origin:${new URL(url).origin}`;
export const objectResource = (destination: string, key: string): string => `${destination}:${key}`;
