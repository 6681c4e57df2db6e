import type { StoredChecksum } from './checksums.ts';

/** One stretch of an object's bytes: a part of a multipart upload, or the whole of a plain one. */
export interface Segment {
  readonly blob: string;
  readonly sizeBytes: number;
}

/** What a client gave along with the bytes and gets back with them. */
export interface ObjectHeaders {
  /** Lower-case names: content-type, cache-control and so on. */
  readonly system: Readonly<Record<string, string>>;
  /** Full lower-case names, `x-amz-meta-…`. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ObjectVersion extends ObjectHeaders {
  readonly kind: 'object';
  readonly versionId: string;
  readonly lastModifiedMs: number;
  /** Without quotes. */
  readonly etag: string;
  readonly sizeBytes: number;
  readonly segments: readonly Segment[];
  readonly checksum?: StoredChecksum;
  /** The multipart upload that it came from, so that a repeated Complete is recognised. */
  readonly uploadId?: string;
}

export interface DeleteMarker {
  readonly kind: 'marker';
  readonly versionId: string;
  readonly lastModifiedMs: number;
}

export type Version = ObjectVersion | DeleteMarker;
export type Versioning = 'off' | 'Enabled' | 'Suspended';

/** Everything that the bucket holds under one key, newest first. Stored as one file, so each change is atomic. */
export interface KeyRecord {
  readonly key: string;
  readonly versions: readonly Version[];
}

/** The version id outside versioning. */
export const NULL_VERSION = 'null';

/** The record after `version` became the newest: outside versioning (or suspended) it replaces the null version. */
export function withVersion(key: string, record: KeyRecord | undefined, version: Version): KeyRecord {
  const kept = (record?.versions ?? []).filter(
    (old) => version.versionId !== NULL_VERSION || old.versionId !== NULL_VERSION,
  );
  return { key, versions: [version, ...kept] };
}

/** The record without one version; undefined when none is left. */
export function withoutVersion(record: KeyRecord, versionId: string): KeyRecord | undefined {
  const versions = record.versions.filter((version) => version.versionId !== versionId);
  return versions.length === 0 ? undefined : { key: record.key, versions };
}

/** The object that a plain GET sees. */
export function currentObject(record: KeyRecord | undefined): ObjectVersion | undefined {
  const newest = record?.versions[0];
  return newest?.kind === 'object' ? newest : undefined;
}

export function blobsOf(record: KeyRecord | undefined): string[] {
  return (record?.versions ?? []).flatMap((version) =>
    version.kind === 'object' ? version.segments.map((segment) => segment.blob) : [],
  );
}
