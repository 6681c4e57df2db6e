/**
 * `engine.json` in the data directory: where the engine listens, and the token that its clients show. Only this user can
 * read it. It never proves that an engine lives: a crash leaves it behind, only the lock tells.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

export const engineFactsShape = z.object({
  pid: z.int().min(1),
  version: z.string().min(1).max(100),
  startedAt: z.iso.datetime(),
  /** A socket's path, or a pipe's name. */
  address: z.string().min(1).max(1000),
  /** Shown by clients to the engine. */
  token: z.string().min(32).max(200),
  /** Shown by the engine to clients that showed the token: proves that it, and no one else, listens there. */
  nonce: z.string().min(32).max(200),
});
export type EngineFacts = z.infer<typeof engineFactsShape>;

const MAX_BYTES = 16_384;

export function engineFilePath(dataDir: string): string {
  return join(dataDir, 'engine.json');
}

/** 256 bits for `token` or `nonce`. */
export function newEngineSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Replaces the file at once, as a whole. Only the holder of the engine's lock may call it. */
export function writeEngineFile(dataDir: string, facts: EngineFacts): void {
  const path = engineFilePath(dataDir);
  // One name for all: what a crash left is removed, and only the lock's holder comes here.
  const temporary = `${path}.tmp`;
  rmSync(temporary, { force: true });
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify(engineFactsShape.parse(facts), null, 2)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
}

/** The facts, or null when there is no file or none that can be trusted to be whole. */
export function readEngineFile(dataDir: string): EngineFacts | null {
  let text: string;
  try {
    text = readFileSync(engineFilePath(dataDir), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
    throw error;
  }
  if (text.length > MAX_BYTES) return null;
  try {
    return engineFactsShape.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Removes the file at a clean end. Only the holder of the engine's lock may call it. */
export function removeEngineFile(dataDir: string): void {
  rmSync(engineFilePath(dataDir), { force: true });
}
