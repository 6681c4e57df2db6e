import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Credentials } from './authenticate.ts';
import { CONTROL_PATH, serveControl } from './control.ts';
import { Counters } from './counters.ts';
import { FaultPlan } from './faults.ts';
import { handleRequest } from './handle-request.ts';
import type { ConditionalMethod } from './ignored-conditions.ts';
import type { ServerParts } from './handle-request.ts';
import { Storage } from './storage.ts';

export interface S3ServerOptions {
  /** Made when missing. One server at a time. */
  readonly dataDir: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly credentials: Credentials | readonly Credentials[];
  /** Default us-east-1. */
  readonly region?: string;
  /** Buckets to make sure of at the start. */
  readonly buckets?: readonly string[];
  /** Default 5 MiB, as S3. Lower it only to make tests quick. */
  readonly minPartSizeBytes?: number;
  /** Default 15 minutes, as S3. */
  readonly clockSkewLimitMs?: number;
  /** Serves faults and counters over HTTP to whoever holds the token. Off by default. */
  readonly control?: { readonly token: string };
  /** Default true. Without it data survives a killed process but not a power cut. */
  readonly fsync?: boolean;
  /** What a second Complete of one upload gets: the first answer again (default) or `NoSuchUpload`. Services differ. */
  readonly repeatedComplete?: 'same' | 'gone';
  /** Behaves like a service that takes these conditions and ignores them. Default: none. */
  readonly ignoreConditions?: readonly ConditionalMethod[];
  /** Behaves like a service that answers these with "not implemented" when they have a condition. Default: none. */
  readonly refuseConditions?: readonly ConditionalMethod[];
  /** The server's clock, in ms since 1970. */
  readonly nowMs?: () => number;
  /** Told of errors that are no refusal. Default: standard error. */
  readonly onUnexpected?: (error: unknown) => void;
}

export interface S3Server {
  readonly url: string;
  readonly port: number;
  readonly faults: FaultPlan;
  readonly counters: Counters;
  /** Where conditions have no effect; add and delete at will. */
  readonly ignoredConditions: Set<ConditionalMethod>;
  /** Where a condition makes the request refused. */
  readonly refusedConditions: Set<ConditionalMethod>;
  /** Ends open connections and stops. What was answered is on disk. */
  close(): Promise<void>;
}

/** Ends connections on which nothing moves. */
const IDLE_LIMIT_MS = 120_000;

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

/**
 * Starts the local S3 stand-in: a development tool for the demo and the tests.
 * @throws Error when the port is taken or the data directory cannot be used.
 */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const nowMs = options.nowMs ?? Date.now;
  const region = options.region ?? 'us-east-1';
  const host = options.host ?? '127.0.0.1';
  const storage = await Storage.open(options.dataDir, options.fsync ?? true);
  for (const bucket of options.buckets ?? []) {
    if (storage.find(bucket) === undefined) await storage.create(bucket, nowMs());
  }
  const faults = new FaultPlan();
  const ignoredConditions = new Set(options.ignoreConditions);
  const refusedConditions = new Set(options.refuseConditions);
  const counters = new Counters(() => storage.openUploads);
  const closing = new AbortController();
  const parts: ServerParts = {
    storage,
    auth: {
      credentials: [options.credentials].flat(),
      region,
      clockSkewLimitMs: options.clockSkewLimitMs ?? 15 * 60_000,
      nowMs,
    },
    settings: {
      region,
      minPartSizeBytes: options.minPartSizeBytes ?? 5 * 1024 * 1024,
      repeatedComplete: options.repeatedComplete ?? 'same',
      ignoredConditions,
      refusedConditions,
      nowMs,
    },
    faults,
    counters,
    closing: closing.signal,
    onUnexpected: options.onUnexpected ?? ((error) => console.error('s3 stand-in:', error)),
  };
  const { control } = options;
  const inProgress = new Set<Promise<void>>();
  const onRequest = (message: IncomingMessage, response: ServerResponse): void => {
    const isControl = control !== undefined && (message.url ?? '').startsWith(CONTROL_PATH);
    const work = isControl
      ? serveControl(message, response, { token: control.token, faults, counters, ignoredConditions })
      : handleRequest(parts, message, response);
    inProgress.add(work);
    void work.finally(() => inProgress.delete(work));
  };
  // Parts of a slow line may take hours: only silence ends a request.
  const server = createServer({ requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 30_000 }, onRequest);
  server.on('checkContinue', onRequest);
  server.setTimeout(IDLE_LIMIT_MS);
  const { port } = await listen(server, options.port ?? 0, host);
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    faults,
    counters,
    ignoredConditions,
    refusedConditions,
    async close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      closing.abort();
      server.closeAllConnections();
      await closed;
      await Promise.all(inProgress);
    },
  };
}
