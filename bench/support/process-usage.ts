import { readFileSync } from 'node:fs';

/** Linux reports CPU times to programs in ticks of 10 ms (USER_HZ), whatever the kernel's own rate is. */
const TICK_MS = 10;

/** A page of /proc, or "" when the process has gone. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function field(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
}

/** The process and all its descendants. */
function family(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean);
  return [pid, ...children.flatMap((child) => family(Number(child)))];
}

/** Resident memory of a process and its descendants, bytes. Pages that they share count for each. */
export function residentBytes(pid: number): number {
  return family(pid).reduce((sum, each) => sum + field(read(`/proc/${each}/status`), 'VmRSS'), 0);
}

/** The most memory that the process alone ever had, bytes, as the kernel noted it. */
export function peakResidentBytes(pid: number): number {
  return field(read(`/proc/${pid}/status`), 'VmHWM');
}

/** CPU time of all children of this process that have ended and been waited for, ms. Ticks of 10 ms. */
export function endedChildrenCpuMs(): number {
  // The name in parentheses may hold spaces: fields are counted from behind it (proc(5): cutime and cstime are 16, 17).
  const stat = read('/proc/self/stat');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}
