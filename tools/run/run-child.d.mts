import type { SpawnOptions } from 'node:child_process';

/**
 * Runs a command in this process's place: same terminal, signals passed on.
 *
 * @returns its exit code, or 128 + n if signal n ended it
 */
export function runChild(command: string, args: readonly string[], options?: SpawnOptions): Promise<number>;
