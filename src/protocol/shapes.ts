/** What travels between the engine and its shells, as schemas: both ends decode, nothing unchecked goes on. */
import { z } from 'zod';
import { GATES, OPERATION_KINDS, PRIORITIES } from '../core/operation.ts';
import { STATES } from '../core/states.ts';

const isoTime = z.iso.datetime();
const count = z.int().min(0);

const errorShape = z.object({
  code: z.string(),
  class: z.string(),
  message: z.string(),
  hint: z.string(),
  /** Further words, redacted. */
  detail: z.string().nullable(),
  /** There where `detail` is what a service said; else they are the words of this computer. */
  detailFrom: z.literal('service').optional(),
});

/** An operation as CONTRACT.md words it; times are ISO 8601 UTC. */
export const operationShape = z.object({
  id: z.string(),
  kind: z.enum(OPERATION_KINDS),
  state: z.enum(STATES),
  phase: z.string(),
  resourceKey: z.string().nullable(),
  folder: z.string().nullable(),
  path: z.string().nullable(),
  priority: z.enum(PRIORITIES),
  contentType: z.string().nullable(),
  bytesTotal: count.nullable(),
  bytesDone: count,
  attempts: count,
  dueAt: isoTime.nullable(),
  gate: z.enum(GATES).nullable(),
  /** What Longshore does next and when, in one plain sentence; null when nothing is left to do (P11). */
  next: z.string().nullable(),
  /** Paused by itself (`pause ID`) until then; `forever` until resumed. */
  pausedUntil: z.union([isoTime, z.literal('forever')]).nullable(),
  /** False when the service reports no checksum to compare with (P3); null before it is known. */
  verified: z.boolean().nullable(),
  error: errorShape.nullable(),
  /** A move: the name that the file had, relative to the folder. */
  movedFrom: z.string().optional(),
  /** The key that it has in the storage, where that is not the file's own: a copy beside theirs after a conflict. */
  storedAs: z.string().optional(),
  /** What was to be done with the file after its upload and could not be; it stays where it is, and it is tried again. */
  leftInPlace: z.object({ action: z.enum(['trash', 'archive']), error: errorShape, tryAgainAt: isoTime }).optional(),
  externalId: z.string().nullable(),
  externalUrl: z.string().nullable(),
  /** Bytes per second over the last few seconds, while it runs. */
  bytesPerSecond: z.number().min(0).nullable(),
  etaSeconds: z.number().min(0).nullable(),
  createdAt: isoTime,
  startedAt: isoTime.nullable(),
  updatedAt: isoTime,
  completedAt: isoTime.nullable(),
});
export type OperationView = z.infer<typeof operationShape>;

export const eventShape = z.object({
  seq: count,
  id: z.string(),
  operationId: z.string().nullable(),
  resourceKey: z.string().nullable(),
  type: z.string(),
  from: z.enum(STATES).nullable(),
  to: z.enum(STATES).nullable(),
  at: isoTime,
  source: z.enum(['internal', 'external']),
  correlationId: z.string().nullable(),
  details: z.record(z.string(), z.unknown()),
});
export type EventView = z.infer<typeof eventShape>;

const versionShape = z.object({
  etag: z.string(),
  versionId: z.string().nullable(),
  sizeBytes: count.nullable(),
  lastModified: isoTime.nullable(),
  /** When the file was changed on the device that wrote this, and that device; absent where Longshore did not write it. */
  modifiedAt: isoTime.optional(),
  device: z.string().optional(),
});
export const versionsShape = z.object({
  /** What the local change was made from; null when nothing was known there. */
  base: versionShape.nullable(),
  /** What is there now, as last seen; null when nothing is. */
  remote: versionShape.nullable(),
  /** The local file as last seen. */
  local: z.object({ sizeBytes: count, modifiedAt: isoTime }).nullable(),
});

const partShape = z.object({
  number: z.int().min(1).max(10_000),
  offset: count,
  sizeBytes: count,
  checksum: z.string().nullable(),
  etag: z.string().nullable(),
  doneAt: isoTime.nullable(),
});
const stepShape = z.object({ name: z.string(), state: z.string(), operationId: z.string().nullable() });

export const operationDetailShape = operationShape.extend({
  events: z.array(eventShape),
  parts: z.array(partShape),
  steps: z.array(stepShape),
  versions: versionsShape,
  response: z
    .object({ status: z.int(), headers: z.record(z.string(), z.string()), body: z.string(), truncated: z.boolean() })
    .nullable(),
});
export type OperationDetail = z.infer<typeof operationDetailShape>;

export const conflictShape = operationShape.extend({
  versions: versionsShape,
  /** What the folder says about conflicts; one that waits here is `manual`, or could not be decided. Null for a call. */
  strategy: z.enum(['manual', 'keep-both', 'local-wins', 'remote-wins', 'newest-wins']).nullable(),
});

const answer = z.enum(['yes', 'no', 'unknown']);
/** `refused`: it does not take such a write at all when it has a condition; it is sent without, after a look. */
const conditionAnswer = z.enum(['yes', 'no', 'unknown', 'refused']);
/** What a service was found to do with the conditions of writes, with checksums and with old versions. */
export const capabilitiesShape = z.object({
  /** Null: not found out yet. */
  checkedAt: isoTime.nullable(),
  /** It could not be found out for want of rights. */
  denied: z.boolean(),
  /** An object of ours that may not be deleted there. */
  leftover: z.string().nullable(),
  conditions: z.record(z.string(), conditionAnswer),
  checksums: z.object({ put: answer, multipart: answer }),
  versions: answer,
  /** Writes before which Longshore looks for itself, as the service does not (or may not) honour their conditions. */
  standIns: z.array(z.string()),
  /** The same in one sentence for people; null when there is nothing to say. */
  note: z.string().nullable(),
});
export type CapabilitiesView = z.infer<typeof capabilitiesShape>;

/** More deletes at once than a person may have meant: they wait for a word. */
export const massDeleteShape = z.object({
  count,
  /** Files that the folder had, these included. */
  of: count,
  since: isoTime,
  /** Some of the paths. */
  sample: z.array(z.string()),
});
export type MassDeleteView = z.infer<typeof massDeleteShape>;

const folderStatusShape = z.object({
  name: z.string(),
  path: z.string(),
  destination: z.string(),
  prefix: z.string(),
  /** ok, scanning, paused, or frozen with the reason in `error`. */
  state: z.enum(['ok', 'scanning', 'paused', 'frozen']),
  pausedUntil: z.union([isoTime, z.literal('forever')]).nullable(),
  error: errorShape.nullable(),
  /** The watcher can't see everything; scans cover for it. */
  degraded: z.string().nullable(),
  /** What kind of trouble that is; absent where there is none. */
  degradedKind: z.enum(['scan-broken', 'watch-limit', 'watch-broken', 'no-marker']).optional(),
  files: count,
  ignored: count,
  lastScanAt: isoTime.nullable(),
  /** Deletes that wait for a word; uploads go on. */
  guard: massDeleteShape.nullable(),
});
const destinationStatusShape = z.object({
  name: z.string(),
  endpoint: z.string(),
  bucket: z.string(),
  /** `unknown` until the first contact. */
  state: z.enum(['ok', 'unreachable', 'unknown']),
  error: errorShape.nullable(),
  nextTryAt: isoTime.nullable(),
  /** PUTs and parts at once, as adapted to what it bears; 0 before the first. */
  concurrency: count,
  /** Absent where no folder goes there. */
  capabilities: capabilitiesShape.optional(),
  /** How far its clock is ahead of this computer's (< 0: behind); null while nothing is known. */
  clockSkewSeconds: z.int().nullable(),
});

const countsShape = z.object(
  Object.fromEntries(STATES.map((state) => [state, count])) as Record<(typeof STATES)[number], typeof count>,
);

export const statusShape = z.object({
  state: z.enum(['running', 'paused', 'offline', 'error']),
  gates: z.array(z.object({ gate: z.enum(GATES), scope: z.string(), until: isoTime.nullable(), reason: z.string() })),
  /** Only while room is short on the disk where the queue lies. */
  disk: z
    .object({
      dataDir: z.string(),
      /** Null: not known. */
      freeBytes: count.nullable(),
      /** `limits.minFreeDisk`. */
      neededBytes: count,
      /** The queue can't be written at all. */
      full: z.boolean(),
    })
    .optional(),
  counts: countsShape,
  bytes: z.object({ pending: count, done: count }),
  /** The kind of all that runs now, or else of what waits for its turn; null when nothing is to be done. */
  work: z.enum([...OPERATION_KINDS, 'mixed']).nullable(),
  bytesPerSecond: z.number().min(0),
  etaSeconds: z.number().min(0).nullable(),
  folders: z.array(folderStatusShape),
  destinations: z.array(destinationStatusShape),
  /** What needs a person, newest first, at most 20; `counts` tells how many there are in all. */
  attention: z.array(operationShape),
  /** Until when everything is paused. */
  pausedUntil: z.union([isoTime, z.literal('forever')]).nullable(),
  engine: z.object({
    version: z.string(),
    pid: count,
    startedAt: isoTime,
    epoch: count,
    dataDir: z.string(),
    configFile: z.string().nullable(),
  }),
  /** Problems of the present configuration file, while the last good one stays in force. */
  configProblems: z.array(z.string()),
  /** What the watchdog found wrong with Longshore itself within the last hour and set right, newest first. */
  alarms: z.array(
    z.object({
      at: isoTime,
      kind: z.enum(['queue-slept', 'attempt-stood-still', 'attempt-does-not-end']),
      operationId: z.string(),
      message: z.string(),
    }),
  ),
});
export type StatusView = z.infer<typeof statusShape>;
