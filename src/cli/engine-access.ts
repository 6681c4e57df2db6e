/**
 * The one place where the command line meets the engine's code. Everything is loaded when it is needed: a command that
 * goes through the socket must not wait for the engine's modules.
 */
import type { LongshoreConfig } from '../config/config-types.ts';
import type { ConfigProblem } from '../config/problem.ts';
import { keyFilePath } from '../engine/data-key.ts';
import type { Channel } from '../protocol/channel.ts';
import type { RpcHandlers } from '../protocol/rpc-server.ts';
import type { OperationView } from '../protocol/shapes.ts';

export interface HeadlessOptions {
  readonly configFile: string;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Scan, drain, then stop by itself. */
  readonly once: boolean;
  /** What a person at the terminal should know; details go to the log file. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void;
}

export interface HeadlessEngine {
  /** Resolves when the engine has recovered and works. */
  readonly ready: Promise<void>;
  /** A client's channel into this engine, for the live view. */
  attach(): Channel;
  readonly stopped: Promise<{ readonly exitCode: number; readonly attention: readonly OperationView[] }>;
  /** Transfers stop at their checkpoint. */
  stop(reason: string): Promise<void>;
}

export interface OfflineOptions {
  readonly dataDir: string;
  readonly configFile: string;
  /** `read` needs no lock and never migrates; `write` holds the engine's lock until `close`. */
  readonly mode: 'read' | 'write';
}

export interface OfflineEngine {
  /** Methods that are missing are refused by name. */
  readonly handlers: Partial<RpcHandlers>;
  close(): Promise<void>;
}

export interface DestinationProbe {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
  readonly hint: string;
  /** How far its clock is ahead of ours (< 0: behind), ms; null when it did not say. */
  readonly clockSkewMs: number | null;
  /** What the engine found out about the service's conditions and versions; null before it has. */
  readonly capabilities: string | null;
}

export interface EngineAccess {
  probeLock(dataDir: string): Promise<'free' | 'held'>;
  /** Rejects with `LockHeldError` or `InvalidConfigError`: see `engineTrouble`. */
  startHeadlessEngine(options: HeadlessOptions): Promise<HeadlessEngine>;
  /** Waits up to 5 s for a short holder of the lock, then rejects with `LockHeldError`. */
  openOffline(options: OfflineOptions): Promise<OfflineEngine>;
  /** Reaches for each destination, at most `deadlineMs` in all. */
  probeDestinations(options: {
    readonly config: LongshoreConfig;
    readonly dataDir: string;
    readonly deadlineMs: number;
  }): Promise<readonly DestinationProbe[]>;
  /** Where the key stands that seals secrets when there is no system keychain. */
  keyFilePath(dataDir: string): string;
}

export const engineAccess: EngineAccess = {
  probeLock: async (dataDir) => (await import('../db/lock.ts')).probeLock(dataDir),
  startHeadlessEngine: async (options) => (await import('../engine/headless.ts')).startHeadlessEngine(options),
  openOffline: async (options) => (await import('../engine/offline.ts')).openOffline(options),
  probeDestinations: async (options) => (await import('../engine/probe-destinations.ts')).probeDestinations(options),
  keyFilePath,
};

export type EngineTrouble =
  | { readonly kind: 'lock-held'; readonly holder: { readonly pid: number | null; readonly startedAt: string | null } }
  | { readonly kind: 'invalid-config'; readonly problems: readonly ConfigProblem[] };

/** The engine's two expected refusals, told by name: their classes are not loaded on the way through the socket. */
export function engineTrouble(error: unknown): EngineTrouble | null {
  if (!(error instanceof Error)) return null;
  if (error.name === 'LockHeldError') return { kind: 'lock-held', holder: holderOf(error) };
  if (error.name === 'InvalidConfigError' && 'problems' in error && Array.isArray(error.problems)) {
    return { kind: 'invalid-config', problems: error.problems.filter(isProblem) };
  }
  return null;
}

function holderOf(error: Error): { pid: number | null; startedAt: string | null } {
  const holder: unknown = 'holder' in error ? error.holder : null;
  if (typeof holder !== 'object' || holder === null) return { pid: null, startedAt: null };
  const pid = 'pid' in holder && typeof holder.pid === 'number' ? holder.pid : null;
  return { pid, startedAt: 'startedAt' in holder && typeof holder.startedAt === 'string' ? holder.startedAt : null };
}

function isProblem(value: unknown): value is ConfigProblem {
  return typeof value === 'object' && value !== null && 'message' in value && 'file' in value && 'line' in value;
}
