import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MIB } from '../support/engine-harness.ts';
import type { Sample } from './judge-soak.ts';

/** What `memory-probe.mjs` tells of a thread, bytes. */
interface ThreadMemory {
  /** What of V8's heap has memory behind it. */
  readonly heapPhysical: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
}

/** A thread that has said nothing for so long has ended, ms: each tells every 5 s. */
const SILENT_MS = 15_000;

/** Looks at the engine's process from outside, and at what its threads said of themselves in `probeDir`. */
export function sampleEngine(
  pid: number,
  dataDir: string,
  probeDir: string,
  counts: Readonly<Record<string, number>>,
): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'mu').exec(status)?.[1] ?? 0);
  const size = (file: string): number => statSync(join(dataDir, file), { throwIfNoEntry: false })?.size ?? 0;
  const handles = handlesByKind(pid);
  const threads = readdirSync(probeDir)
    .filter((name) => name.startsWith(`${pid}-`) && name.endsWith('.json'))
    .map((name) => join(probeDir, name))
    .filter((file) => Date.now() - statSync(file).mtimeMs < SILENT_MS)
    .map((file) => JSON.parse(readFileSync(file, 'utf8')) as ThreadMemory);
  const sum = (of: (memory: ThreadMemory) => number) => threads.reduce((all, memory) => all + of(memory), 0) / MIB;
  return {
    atMs: performance.now(),
    rssMiB: field('VmRSS') / 1024,
    programMiB: field('RssFile') / 1024,
    heapMiB: sum(({ heapPhysical }) => heapPhysical),
    heapUsedMiB: sum(({ heapUsed }) => heapUsed),
    externalMiB: sum(({ external }) => external),
    buffersMiB: sum(({ arrayBuffers }) => arrayBuffers),
    allocatorMiB: allocatorKiB(pid) / 1024,
    handles: [...handles.values()].reduce((all, count) => all + count, 0),
    sockets: handles.get('socket') ?? 0,
    openFiles: handles.get('file') ?? 0,
    threads: field('Threads'),
    databaseMiB: size('longshore.db') / MIB,
    logMiB: size('longshore.db-wal') / MIB,
    open: (counts['pending'] ?? 0) + (counts['running'] ?? 0) + (counts['waiting'] ?? 0),
    done: counts['succeeded'] ?? 0,
  };
}

function handlesByKind(pid: number): Map<string, number> {
  const kinds = new Map<string, number>();
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    let target: string;
    try {
      target = readlinkSync(`/proc/${pid}/fd/${name}`);
    } catch {
      continue; // Closed since.
    }
    const kind = target.startsWith('/') ? 'file' : (target.split(':')[0] ?? target);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return kinds;
}

/** glibc gives each further arena an aligned stretch of this size, of which it opens what it needs: HEAP_MAX_SIZE, bytes. */
const ARENA_BYTES = 64n * BigInt(MIB);

interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  readonly mode: string;
  readonly name: string;
  rssKiB: number;
}

/** What stands behind the C library's heap and arenas: SQLite's pages, small buffers, and the holes between them. */
function allocatorKiB(pid: number): number {
  const mappings: Mapping[] = [];
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    const [, start, end, mode, name] = /^([\da-f]+)-([\da-f]+) (\S+) \S+ \S+ \d+ *(.*)$/u.exec(line) ?? [];
    if (start !== undefined && end !== undefined && mode !== undefined)
      mappings.push({ start: BigInt(`0x${start}`), end: BigInt(`0x${end}`), mode, name: name ?? '', rssKiB: 0 });
    const rss = /^Rss:\s+(\d+)/u.exec(line)?.[1];
    const last = mappings.at(-1);
    if (rss !== undefined && last !== undefined) last.rssKiB = Number(rss);
  }
  const ofAllocator = mappings.filter(
    (mapping, index) => mapping.name === '[heap]' || isArena(mapping, mappings[index + 1]),
  );
  return ofAllocator.reduce((all, { rssKiB }) => all + rssKiB, 0);
}

/** Open from its aligned start, and reserved from there to its end. */
function isArena({ start, end, mode, name }: Mapping, next: Mapping | undefined): boolean {
  if (name !== '' || mode !== 'rw-p' || start % ARENA_BYTES !== 0n) return false;
  return end - start === ARENA_BYTES || (next?.mode === '---p' && next.end === start + ARENA_BYTES);
}
