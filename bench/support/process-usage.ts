import { readdirSync, readFileSync } from 'node:fs';

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

/** The fields of proc(5) `stat` from the third one on. The name before them stands in parentheses and may hold spaces. */
function statFields(pid: number | 'self'): string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** The process and all its descendants. */
function family(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statFields(Number(name))[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [pid];
  for (const each of found) found.push(...(children.get(each) ?? []));
  return found;
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
  // cutime and cstime are fields 16 and 17.
  const fields = statFields('self');
  return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}

/** CPU time of a running process, all threads, without its children, ms. Ticks of 10 ms. */
export function processCpuMs(pid: number): number {
  // utime and stime are fields 14 and 15.
  const fields = statFields(pid);
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
