/**
 * The narrow ports through which time, randomness, disk and network enter. The composition root provides the real
 * adapters; the simulator provides its own. Each comment states what an implementation owes its caller.
 */
import type { Fingerprint } from './fingerprint.ts';

/** Milliseconds since the Unix epoch, UTC. */
export type EpochMs = number;

export interface Clock {
  /** Wall-clock time. May jump when the user or NTP sets it. */
  now(): EpochMs;
  /** Milliseconds of a clock that never jumps backwards. */
  monotonicMs(): number;
  /** Calls back once after `delayMs` (≥ 0); the returned function cancels it. A timer never keeps the process alive. */
  setTimer(delayMs: number, callback: () => void): () => void;
  /** Calls back once, soon, after the I/O that is ready now: what `setImmediate` does. */
  defer(callback: () => void): void;
}

export interface Random {
  /** Uniform in [0, 1). */
  fraction(): number;
  bytes(count: number): Uint8Array;
}

// ---------------------------------------------------------------- local files

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly fingerprint: Fingerprint;
}

export interface OpenFile {
  /** The state of the open file itself, whatever its path now names. */
  stat(): Promise<FileStat>;
  /** Reads at `position` until `into` is full or the file ends; returns the bytes read. */
  read(into: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/** Reads users' files and never changes one (P13). Failures are LongshoreErrors with codes `local.*`. */
export interface LocalFiles {
  /** Without following a final symlink; null when nothing is there. */
  stat(path: string): Promise<FileStat | null>;
  open(path: string): Promise<OpenFile>;
  /**
   * All of a small file, as one state: the open file has the fingerprint before it is read, and its path leads to that very
   * state after. Rejects with `local.changed` or `local.vanished` where that is not so, with the signal's reason once it
   * aborts. The bytes are the caller's.
   */
  readWhole(wanted: WantedFile, signal: AbortSignal): Promise<WholeFile>;
}

/** A small file in the state in which it is wanted: the whole of it is in memory at once. */
export interface WantedFile {
  readonly path: string;
  readonly fingerprint: Fingerprint;
  readonly sizeBytes: number;
  /** Of the checksum that is to come with it. */
  readonly algorithm: ChecksumAlgorithm;
}

export interface WholeFile {
  readonly bytes: Uint8Array;
  readonly checksum: Checksum;
}

/** A file on its way into a folder: written under a name of its own, invisible to the scan, until it is whole. */
export interface PartialFile {
  /** What a download may go on from. */
  sizeBytes(): Promise<number>;
  read(into: Uint8Array, position: number): Promise<number>;
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** On the disk for good, also after a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The only way in which Longshore changes users' files, and only where they chose it (P13). Each method looks at the
 * fingerprint right before it acts and rejects with `local.changed` when another state of the file is there. No path may
 * leave its folder through a symlink. Failures are LongshoreErrors with codes `local.*`.
 */
export interface LocalChanges {
  /** Creates the partial file beside `path`, or opens the one that an earlier attempt of the same `token` left. */
  openPartial(path: string, token: string): Promise<PartialFile>;
  /**
   * Makes the partial file stand at `path`; durable when it resolves. What stood there, in the state `expected` (null:
   * nothing does), is kept as `asidePath`. Sets the modification time.
   */
  place(
    path: string,
    token: string,
    mtimeMs: number | null,
    aside: { readonly expected: Fingerprint; readonly asidePath: string } | null,
  ): Promise<FileStat>;
  /** Resolves also when there is none. */
  removePartial(path: string, token: string): Promise<void>;
  /** To the system's trash, where the user can get it back. */
  trash(path: string, expected: Fingerprint, signal: AbortSignal): Promise<void>;
  /**
   * Moves it, over file systems if need be; never onto an existing file. What an earlier attempt of the same `token` left
   * is taken up, or away, also where it rejects with `local.changed` or `local.vanished`. Ends with the signal's reason at
   * its next step, with the original in its place; until then another attempt of the same `token` rejects with
   * `local.archive-failed`.
   */
  archive(path: string, expected: Fingerprint, archivePath: string, token: string, signal: AbortSignal): Promise<void>;
  /**
   * Takes away what attempts of `archive` left that died, where there will be no other; not what has arrived there. Rejects
   * with `local.archive-failed` while one is under way.
   */
  forgetArchive(expected: Fingerprint, archivePath: string, token: string): Promise<void>;
  /** What stands in the folder's marker file; null when there is none. */
  readMarker(root: string): Promise<string | null>;
  writeMarker(root: string, marker: string): Promise<void>;
  /** Bytes that may still be written at this path's file system. */
  freeBytes(path: string): Promise<number>;
}

/** A file that the scan found. `path` is relative to the folder, "/"-separated, exactly as on disk. */
export interface ScannedFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly fingerprint: Fingerprint;
}

/** An array, or what makes its files while it is walked: 100,000 at once would hold up the engine for 0.15 s. */
export interface ScannedFiles extends Iterable<ScannedFile> {
  readonly length: number;
}

/** Something in a directory that can't be taken, with the error code that says why. It is there: its absence from `files` means nothing. */
export interface ScanProblem {
  /** The entry's name as shown to people: undecodable bytes are escaped as \xNN. "." is the directory itself. */
  readonly name: string;
  readonly code:
    | 'local.permission'
    | 'local.name-not-utf8'
    | 'local.io'
    | 'local.not-a-file'
    | 'local.too-large'
    | 's3.key-too-long';
  readonly detail: string;
}

/** One directory, complete: what is listed neither in `files`, `subdirectories`, `problems` nor `ignoredNames` is not there. */
export interface ScannedDirectory {
  /** Relative to the root, "" for the root itself, "/"-separated. */
  readonly dir: string;
  readonly files: ScannedFiles;
  readonly subdirectories: readonly string[];
  readonly problems: readonly ScanProblem[];
  /** Entries left out by a rule (ignore patterns, temp names, size limits, symlinks). */
  readonly ignored: number;
  /**
   * Their names, so that a rule added later is not mistaken for a deletion. A directory stands for all below it: it is
   * not walked, and not reported when `under` names it.
   */
  readonly ignoredNames: readonly string[];
  /** Decimal text of the directory's device number: another than the root's is a nested mount. "" when it is gone. */
  readonly volume: string;
  /**
   * Equal digests mean an equal directory: names, fingerprints, problems, subdirectories and what is ignored. Hex. "" when
   * the directory was not read to its end or is gone.
   */
  readonly digest: string;
  /** False when the directory could not be read to its end; then nothing may be concluded from an absence. */
  readonly complete: boolean;
  /** True when the directory itself is gone. Then `files` is empty and `complete` is true. */
  readonly gone: boolean;
}

export type RootState =
  | { readonly kind: 'healthy' }
  | {
      readonly kind: 'missing' | 'silent' | 'not-a-directory' | 'no-permission' | 'other-volume';
      readonly detail: string;
    };

export interface ScanRequest {
  readonly root: string;
  /** The volume that the root was first seen on (`dev` as decimal text); a different one freezes the folder. */
  readonly volume?: string;
  /** gitignore-style patterns of the folder, on top of the defaults and of `.longshoreignore` files. */
  readonly ignore: readonly string[];
  readonly maxFileSizeBytes: number;
  readonly minFileSizeBytes: number;
  /** Directories to look at; each with or without what lies below. A full scan is one entry: "" with `below`. */
  readonly under: readonly { readonly dir: string; readonly below: boolean }[];
}

export interface ScanSummary {
  readonly root: RootState;
  /** Decimal text of the root's device number; stored at the first healthy scan. */
  readonly volume: string | null;
  /** Thread CPU time that the scan took; the period of full scans follows from it. */
  readonly cpuMs: number;
}

export interface Scanner {
  /**
   * Walks and hands over batches of directories in order; awaits `onBatch` before it reads much further, so memory stays
   * bounded. Resolves after the last batch was taken. Rejects only on abort or a bug: what can't be read is a problem
   * in its directory, or the root's state. `onSilence`: the file system has not answered for a minute (true), or the scan
   * moves again (false); one that settles moves.
   */
  scan(
    request: ScanRequest,
    onBatch: (batch: readonly ScannedDirectory[]) => Promise<void> | void,
    signal: AbortSignal,
    onSilence?: (isSilent: boolean) => void,
  ): Promise<ScanSummary>;
  close(): Promise<void>;
}

/** Watcher events are hints that a directory is dirty; the scan is the truth. */
export interface WatchHints {
  /** `dir` (relative to the root) may have changed. */
  onDirty(dir: string): void;
  /** Events may have been lost or the root moved: everything may have changed. */
  onOverflow(reason: string): void;
  /** The watcher can't see everything (out of inotify watches, say); scans cover for it. Null when it is well again. */
  onDegraded(reason: string | null): void;
}

export interface Watcher {
  /** Starts watching; returns a function that stops. Never throws for a missing root: it reports and tries again. */
  watch(root: string, ignore: readonly string[], hints: WatchHints): () => Promise<void>;
  close(): Promise<void>;
}

// ---------------------------------------------------------------- remote objects

/** Full-object checksum that travels with an upload. CRC-64/NVME is what S3 recommends and can be combined from parts. */
export type ChecksumAlgorithm = 'CRC64NVME' | 'CRC32';

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Big-endian bytes in base64, as S3 words it. */
  readonly value: string;
}

/** A version of an object, as the service names it. */
export interface RemoteVersion {
  /** Without quotes or W/ prefix. */
  readonly etag: string;
  readonly versionId: string | null;
}

export interface RemoteObject extends RemoteVersion {
  readonly sizeBytes: number;
  readonly lastModified: EpochMs | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Full-object checksums that the service reports; composite ones are left out. */
  readonly checksums: readonly Checksum[];
  /** Composite checksum of a multipart upload, with its "-N" suffix, where the service reports that only. */
  readonly compositeChecksums: readonly Checksum[];
  /** True when the ETag is made of MD5s, of the content or (with "-N") of its parts: no KMS or customer-key encryption. */
  readonly etagIsMd5: boolean;
}

/**
 * The condition of a write (P4). Null in its place: none is sent, not even that of a copy's source; only for services that
 * refuse requests for having one, right after a look (conditional-write.ts).
 */
export type WriteCondition =
  | { readonly kind: 'create' } // If-None-Match: *
  | { readonly kind: 'replace'; readonly etag: string }; // If-Match: <etag>

export interface ObjectAttributes {
  readonly key: string;
  readonly contentType: string;
  /** ASCII only; 2 KB in sum. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface WriteReply {
  /** Null when the reply has none: HEAD then. */
  readonly etag: string | null;
  readonly versionId: string | null;
  readonly checksums: readonly Checksum[];
  /** False when the service says it encrypts in a way that makes the ETag something else than an MD5. */
  readonly etagIsMd5: boolean;
}

export interface PartReply {
  readonly etag: string;
  readonly checksum: Checksum | null;
}

export interface ListedPart {
  readonly number: number;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly checksum: Checksum | null;
}

export interface ListedUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly initiated: EpochMs | null;
}

/** One version of an object, to copy or to read: pinned by its ETag, and by its version id where there is one. */
export interface ObjectVersion extends RemoteVersion {
  readonly key: string;
}

/** Bytes are handed to the network; called many times while a body is sent, with the increment. */
export type OnBytes = (bytes: number) => void;

/** Paces bytes over all transfers. */
export interface Throttle {
  /** Null: `bytes` may go out now. Else resolves when they may; rejects on abort. */
  take(bytes: number, signal: AbortSignal): Promise<void> | null;
}

/** What any reply tells of a service, whatever else it says. */
export interface ServiceSign {
  /** The service's own clock (Date header); null when it sent none. Whole seconds. */
  readonly serverTime: EpochMs | null;
  /** From the request's last byte to the reply's first, ms. */
  readonly waitedMs: number;
  readonly status: number;
}

/** What a store asks of, and tells, the engine around it. */
export interface StoreSurroundings {
  readonly throttle: Throttle;
  readonly onReply: (sign: ServiceSign) => void;
}

/** Sends small files beside the engine's thread: what reads a file there sends it too, so its bytes cross no thread. */
export interface FileSender {
  /** Whether it takes files now. Asking is a wish as well: many at once make it start. */
  isReady(): boolean;
  /**
   * `readWhole` right before `put`. Errors: those of both. Null: it could not, and whether the service got anything is not
   * known. To send it in the other way, under the same condition, is safe: nothing of it is on its way any more. Files of one
   * `chain` go one after the other, in the order of the calls.
   */
  send(
    object: ObjectAttributes,
    wanted: WantedFile,
    condition: WriteCondition | null,
    signal: AbortSignal,
    chain?: number,
  ): Promise<SentFile | null>;
}

export interface SentFile {
  readonly reply: WriteReply;
  /** Of what was read and sent. */
  readonly checksum: Checksum;
  /** From the request's last byte to the reply's end, ms. */
  readonly waitedMs: number;
}

/**
 * One bucket on an S3-compatible service. Every method tries once and takes an AbortSignal; failures are
 * LongshoreErrors made by `classify-s3.ts`. `context.sent` of an error tells whether the service may have acted.
 */
export interface ObjectStore {
  /** The current version, or an older one where the bucket keeps versions. Null when it is not there. */
  head(key: string, signal: AbortSignal, versionId?: string): Promise<RemoteObject | null>;
  put(
    object: ObjectAttributes,
    body: Uint8Array,
    checksum: Checksum,
    condition: WriteCondition | null,
    onBytes: OnBytes,
    signal: AbortSignal,
  ): Promise<WriteReply>;
  /** Where small files may go up in crowds; not every store has it. */
  readonly sender?: FileSender;
  createUpload(
    object: ObjectAttributes,
    algorithm: ChecksumAlgorithm,
    signal: AbortSignal,
  ): Promise<{ uploadId: string }>;
  uploadPart(
    key: string,
    uploadId: string,
    number: number,
    body: Uint8Array,
    checksum: Checksum,
    onBytes: OnBytes,
    signal: AbortSignal,
  ): Promise<PartReply>;
  /** All parts, over all pages, at most 10,000. Error `s3.no-such-upload` when the service does not know it. */
  listParts(key: string, uploadId: string, signal: AbortSignal): Promise<readonly ListedPart[]>;
  /** A checksum is null where it is not known: that of a part which the service copied and did not tell about. */
  completeUpload(
    key: string,
    uploadId: string,
    parts: readonly { readonly number: number; readonly etag: string; readonly checksum: Checksum | null }[],
    checksum: Checksum | null,
    condition: WriteCondition | null,
    signal: AbortSignal,
  ): Promise<WriteReply>;
  /** Resolves also when the service does not know the upload (any more): the wish is fulfilled. */
  abortUpload(key: string, uploadId: string, signal: AbortSignal): Promise<void>;
  /** Open uploads whose key starts with `prefix`, over all pages. */
  listUploads(prefix: string, signal: AbortSignal): Promise<readonly ListedUpload[]>;
  /**
   * Server-side copy of exactly this version, up to 5 GiB (x-amz-copy-source-if-match). `s3.precondition-failed` does not
   * tell which condition failed, the source's or the target's: look at both. 404 means that the source is gone.
   */
  copy(
    source: ObjectVersion,
    object: ObjectAttributes,
    condition: WriteCondition | null,
    signal: AbortSignal,
  ): Promise<WriteReply>;
  /** A part that the service copies from another object. */
  copyPart(
    key: string,
    uploadId: string,
    number: number,
    source: ObjectVersion,
    offset: number,
    sizeBytes: number,
    signal: AbortSignal,
  ): Promise<PartReply>;
  /**
   * Deletes the object if it still is this version (If-Match; null: whatever it is). Resolves also when nothing is there.
   * The version id is that of the delete marker, where the bucket keeps versions.
   */
  remove(key: string, etag: string | null, signal: AbortSignal): Promise<{ readonly versionId: string | null }>;
  /**
   * Reads this version from `offset` to its end, chunk by chunk; awaits `onChunk` before it reads on. Another version at
   * the key is a conflict error, none `s3.no-such-key`.
   */
  read(
    source: ObjectVersion,
    offset: number,
    onChunk: (chunk: Uint8Array) => Promise<void> | void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Cheapest authenticated request that tells whether bucket and credentials work; rejects with the reason. */
  probe(signal: AbortSignal): Promise<void>;
  /** Where a person can look at the object; a presigned or public address, valid for a while. */
  viewUrl(key: string): Promise<string>;
  /** The network changed: connections and names from before are not to be trusted. What is in flight goes on. */
  refreshConnections(): void;
  close(): void;
}

// ---------------------------------------------------------------- HTTP calls

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
  /** Ends the attempt, ms. */
  readonly timeoutMs: number;
  /** Replies are read up to here; the rest is cut and `truncated` set. */
  readonly maxReplyBytes: number;
}

export interface HttpReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly truncated: boolean;
}

/** Sends once: no retry, no redirect for anything but GET and HEAD. Any status is a reply, not an error. */
export interface HttpClient {
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpReply>;
  /** As `ObjectStore.refreshConnections`. */
  refreshConnections(): void;
}
