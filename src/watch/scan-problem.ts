import type { ScanProblem } from '../core/ports.ts';
import { fsErrorCode } from './classify-fs.ts';

/** A failed system call on the entry `name` ("." for the directory itself), with the system's words. */
export function scanProblem(name: string, error: unknown): ScanProblem {
  const code = fsErrorCode(error);
  const detail = error instanceof Error ? error.message : String(error);
  if (code === 'local.permission' || code === 's3.key-too-long') return { name, code, detail };
  return { name, code: 'local.io', detail };
}
