/**
 * The one contract for all shells: JSON-RPC 2.0 requests and notifications. Requests have a deadline; errors are values
 * `{ code, message, data: { kind, message, hint } }`. Notifications carry a sequence number; on a gap take a snapshot.
 */
import { z } from 'zod';
import { GATES, OPERATION_KINDS, PRIORITIES } from '../core/operation.ts';
import { STATES } from '../core/states.ts';
import {
  conflictShape,
  eventShape,
  massDeleteShape,
  operationDetailShape,
  operationShape,
  statusShape,
} from './shapes.ts';

const id = z.string().min(1).max(64);
const name = z.string().min(1).max(200);
const nothing = z.object({});
const pageSize = z.int().min(1).max(1000);
const isoTime = z.iso.datetime();
/** An item that was left as it is, and why; with a code of the error table where it has one for this. */
const refusedShape = z.object({ id: z.string(), code: z.string().optional(), reason: z.string() });

/** What pause and resume act on; absent fields mean everything. */
const scopeShape = z.union([
  z.object({ folder: name }).strict(),
  z.object({ provider: name }).strict(),
  z.object({ id }).strict(),
  z.object({}).strict(),
]);

/** Sections of the window's queue: needs attention, active, waiting, done. */
export const SECTIONS = ['attention', 'active', 'waiting', 'done'] as const;
export const SECTION_STATES = {
  attention: ['failed', 'conflict'],
  active: ['running', 'compensating'],
  waiting: ['pending', 'waiting'],
  done: ['succeeded', 'cancelled', 'superseded'],
} as const satisfies Record<(typeof SECTIONS)[number], readonly (typeof STATES)[number][]>;

const listQuery = z
  .object({
    states: z.array(z.enum(STATES)).max(STATES.length),
    folder: name,
    kind: z.enum(OPERATION_KINDS),
    /** Part of the path or URL, case-insensitive. */
    search: z.string().max(500),
    limit: pageSize,
    /** The `next` of the page before. */
    after: z.string().max(200),
    /** `oldest` first is the order of work; `newest` is by last update. */
    order: z.enum(['oldest', 'newest']),
  })
  .partial()
  .strict();

export const REQUESTS = {
  hello: { params: z.object({ token: z.string().max(200) }), result: z.object({ version: z.string(), pid: z.int() }) },
  status: { params: nothing, result: statusShape },
  ls: { params: listQuery, result: z.object({ items: z.array(operationShape), next: z.string().nullable() }) },
  conflicts: {
    params: z.object({ limit: pageSize.optional(), after: z.string().optional() }),
    result: z.object({ items: z.array(conflictShape), next: z.string().nullable() }),
  },
  show: { params: z.object({ id }), result: operationDetailShape },
  pause: { params: z.object({ scope: scopeShape, forMs: z.int().min(1).nullable() }), result: statusShape },
  resume: { params: z.object({ scope: scopeShape }), result: statusShape },
  retry: {
    params: z.object({
      ids: z.array(id).max(10_000),
      failed: z.boolean().optional(),
      since: isoTime.optional(),
      until: isoTime.optional(),
      newKey: z.boolean().optional(),
    }),
    result: z.object({
      retried: z.array(z.string()),
      refused: z.array(refusedShape),
      /** What was retried and waits for a gate, at most 100; absent where nothing does. */
      waits: z.array(z.object({ id: z.string(), gate: z.enum(GATES), next: z.string() })).optional(),
    }),
  },
  cancel: {
    params: z.object({ ids: z.array(id).min(1).max(10_000) }),
    result: z.object({
      cancelled: z.array(z.string()),
      refused: z.array(refusedShape),
    }),
  },
  resolve: {
    params: z.object({
      ids: z.array(id).max(10_000),
      /** Every conflict instead of named ones, or every one of `folder`. */
      all: z.boolean().optional(),
      folder: name.optional(),
      keep: z.enum(['local', 'remote', 'both', 'merge']),
    }),
    result: z.object({
      resolved: z.array(z.string()),
      refused: z.array(refusedShape),
    }),
  },
  /** Takes the latest decision about a conflict back, a person's or a strategy's; each gives an operation of its own. */
  undo: {
    params: z.object({ ids: z.array(id).min(1).max(10_000) }),
    result: z.object({
      undone: z.array(z.object({ id: z.string(), operationId: z.string() })),
      refused: z.array(refusedShape),
    }),
  },
  call: {
    params: z
      .object({
        method: z.string().regex(/^[A-Z]{1,20}$/),
        /** An absolute URL, or `provider:/path`. */
        target: z.string().min(1).max(8000),
        headers: z.record(z.string().max(200), z.string().max(8000)),
        /** Text as it goes out; JSON by default. */
        body: z.string().max(1_048_576).nullable(),
        ifMatch: z.string().max(1000).nullable(),
        idempotencyKey: z.string().min(1).max(255).nullable(),
        resource: z.string().min(1).max(1000).nullable(),
        priority: z.enum(PRIORITIES),
        timeoutMs: z.int().min(1000).max(3_600_000).nullable(),
      })
      .partial({
        headers: true,
        body: true,
        ifMatch: true,
        idempotencyKey: true,
        resource: true,
        priority: true,
        timeoutMs: true,
      })
      .strict(),
    /** `known`: the key was used for this same request before, and this is what became of it. */
    result: operationShape.extend({ known: z.literal(true).optional() }),
  },
  events: {
    params: z.object({
      since: isoTime.optional(),
      operationId: id.optional(),
      afterSeq: z.int().min(0).optional(),
      limit: pageSize.optional(),
    }),
    result: z.object({ items: z.array(eventShape), next: z.int().nullable() }),
  },
  /** Copies files or directories into a watched folder (the window's drop). Existing names are kept: " (2)" is added. */
  'folder.add': {
    params: z.object({ folder: name, paths: z.array(z.string().min(1)).min(1).max(1000) }),
    result: z.object({ copied: z.int(), refused: z.array(z.object({ path: z.string(), reason: z.string() })) }),
  },
  /** Queues the download of an object into its folder; what stands in its place is kept aside. */
  restore: {
    params: z.union([
      z
        .object({ folder: name, path: z.string().min(1).max(4096), versionId: z.string().max(1024).optional() })
        .strict(),
      z.object({ folder: name, key: z.string().min(1).max(1024), versionId: z.string().max(1024).optional() }).strict(),
    ]),
    result: operationShape,
  },
  /** Mass deletes that wait for a word. */
  'deletes.ls': {
    params: z.object({ folder: name.optional() }),
    result: z.object({ items: z.array(massDeleteShape.extend({ folder: z.string() })) }),
  },
  /** `delete`: what is gone may go from the storage as well. `keep`: its objects stay. */
  'deletes.decide': {
    params: z.object({ folder: name, decision: z.enum(['delete', 'keep']) }),
    result: z.object({ folder: z.string(), decision: z.enum(['delete', 'keep']), files: z.int() }),
  },
  /** What stands at this mirror folder's root is the right one: as at a first connection, nothing is deleted. */
  'folder.adopt': { params: z.object({ folder: name }), result: z.object({ folder: z.string() }) },
  /** A fresh full scan of one folder or all. */
  rescan: { params: z.object({ folder: name.optional() }), result: nothing },
  /** Where a person can look at the object; valid for a while. */
  viewUrl: { params: z.object({ id }), result: z.object({ url: z.string() }) },
  /** The absolute local path of an operation's file, for "reveal in the file manager". */
  localPath: { params: z.object({ id }), result: z.object({ path: z.string() }) },
  /** Multipart uploads that are open at the services under our prefixes, and whose they are. */
  'uploads.ls': {
    params: z.object({ destination: name.optional() }),
    result: z.object({
      items: z.array(
        z.object({
          destination: z.string(),
          key: z.string(),
          uploadId: z.string(),
          initiatedAt: isoTime.nullable(),
          owner: z.enum(['operation', 'cleanup', 'unknown']),
          operationId: z.string().nullable(),
        }),
      ),
      failed: z.array(z.object({ destination: z.string(), message: z.string() })),
    }),
  },
  /** Aborts those of these that nothing here knows; the others are left alone. */
  'uploads.abort': {
    params: z.object({
      uploads: z
        .array(z.object({ destination: name, key: z.string().max(4096), uploadId: z.string().max(4096) }))
        .max(10_000),
    }),
    result: z.object({ aborted: z.int() }),
  },
  'secret.set': { params: z.object({ name, value: z.string().min(1).max(65_536) }), result: nothing },
  'secret.ls': {
    params: nothing,
    result: z.object({
      names: z.array(z.string()),
      /** What is obviously wrong with the form of each value, per use; null: nothing. Never the value (P12). */
      faults: z
        .record(z.string(), z.object({ header: z.string().nullable(), s3Keys: z.string().nullable() }))
        .optional(),
    }),
  },
  'secret.rm': { params: z.object({ name }), result: z.object({ removed: z.boolean() }) },
  /** From now on this connection gets `changed` (window) and/or `event` (watch) notifications. */
  subscribe: {
    params: z.object({ changes: z.boolean(), events: z.boolean() }),
    result: z.object({ seq: z.int(), status: statusShape }),
  },
  /** The host tells what the machine says of network, sleep and power, and of the system's proxies. */
  'host.signal': {
    params: z.discriminatedUnion('signal', [
      z.object({ signal: z.enum(['online', 'offline', 'suspend', 'resume']) }),
      z.object({ signal: z.literal('power'), onBattery: z.boolean() }),
      /** The connection is paid by what goes over it. */
      z.object({ signal: z.literal('metered'), metered: z.boolean() }),
      /** By origin, or by scheme ("https:") for all others: the proxy's address, null for none. */
      z.object({
        signal: z.literal('proxies'),
        proxies: z.record(
          z.string().max(2048),
          z
            .url({ protocol: /^https?$/ })
            .max(2048)
            .nullable(),
        ),
      }),
    ]),
    result: nothing,
  },
  /** Ends the engine: transfers stop at their checkpoint. */
  shutdown: { params: nothing, result: nothing },
} as const satisfies Record<string, { params: z.ZodType; result: z.ZodType }>;

export type Method = keyof typeof REQUESTS;
export type Params<M extends Method> = z.infer<(typeof REQUESTS)[M]['params']>;
export type Result<M extends Method> = z.infer<(typeof REQUESTS)[M]['result']>;

export const NOTIFICATIONS = {
  /** At most 10 a second. `operations` are those that changed since the last one; `more` says that they were too many to list: fetch. */
  changed: z.object({ seq: z.int(), status: statusShape, operations: z.array(operationShape), more: z.boolean() }),
  /** Every event, in order. */
  event: eventShape,
} as const;
export type NotificationName = keyof typeof NOTIFICATIONS;
export type Notification<N extends NotificationName> = z.infer<(typeof NOTIFICATIONS)[N]>;

/** A refusal that people can read. `kind` gives the exit code of the CLI. */
export interface RpcFailure {
  readonly kind: 'usage' | 'not-found' | 'not-available' | 'state' | 'config' | 'unexpected';
  readonly message: string;
  readonly hint: string;
}
