import { hash } from 'node:crypto';
import { LongshoreError } from '../../src/core/longshore-error.ts';
import type {
  RootState,
  ScannedDirectory,
  ScannedFile,
  Scanner,
  ScanProblem,
  ScanRequest,
  ScanSummary,
} from '../../src/core/ports.ts';
import { IgnoreRules } from '../../src/watch/ignore-rules.ts';
import { statOf, type SimNode } from './sim-disk.ts';
import type { SimFilesOptions } from './sim-files.ts';

const IGNORE_FILE = '.longshoreignore';

/** A Scanner over the simulated disk: directory after directory, while the disk goes on changing. */
export class SimScanner implements Scanner {
  readonly #options: SimFilesOptions;

  constructor(options: SimFilesOptions) {
    this.#options = options;
  }

  async scan(
    request: ScanRequest,
    onBatch: (batch: readonly ScannedDirectory[]) => Promise<void> | void,
    signal: AbortSignal,
  ): Promise<ScanSummary> {
    const { faults, random } = this.#options;
    const { scanned, time } = this.#options;
    if (request.under.some(({ dir, below }) => dir === '' && below)) scanned.set(request.root, time.elapsedMs);
    await this.#pause('scan', signal);
    const cpuMs = 100 + random.below(200);
    const first = this.#root(request);
    if (first.root.kind !== 'healthy') return { ...first, cpuMs };
    const ino = this.#options.disk.find(request.root)?.ino;
    const seen = new Set<string>();
    let batch: ScannedDirectory[] = [];
    const whole = request.under.filter(({ below }) => below).map(({ dir }) => dir);
    for (const entry of [...request.under].sort((a, b) => Number(b.below) - Number(a.below))) {
      // What lies below a directory that is walked whole comes with it, or went with it.
      if (whole.some((above) => above !== entry.dir && (above === '' || entry.dir.startsWith(`${above}/`)))) continue;
      const stack = [entry.dir];
      for (let dir = stack.pop(); dir !== undefined; dir = stack.pop()) {
        if (seen.has(dir)) continue;
        await this.#pause('scan directory', signal);
        if (faults.strikes('scan-dies', 'scan'))
          throw new LongshoreError('internal.unknown', { detail: 'the scan thread ended' });
        const found = this.#look(request, dir, entry.below ? seen : null);
        if (found === null) continue;
        if (found.gone || dir === '') {
          const now = this.#root(request);
          if (now.root.kind !== 'healthy' || this.#options.disk.find(request.root)?.ino !== ino) {
            return { ...this.#replaced(now.root), volume: first.volume, cpuMs };
          }
        }
        seen.add(dir);
        batch.push(found);
        if (entry.below) for (const name of found.subdirectories.toReversed()) stack.push(join(dir, name));
        if (batch.length > 2) {
          await onBatch(batch);
          signal.throwIfAborted();
          batch = [];
        }
      }
    }
    if (batch.length > 0) await onBatch(batch);
    await this.#pause('scan ends', signal);
    const last = this.#root(request);
    if (last.root.kind === 'healthy' && this.#options.disk.find(request.root)?.ino !== ino) {
      return { ...this.#replaced(last.root), volume: first.volume, cpuMs };
    }
    return { root: last.root, volume: first.volume, cpuMs };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #replaced(root: RootState): { readonly root: RootState } {
    return { root: root.kind === 'healthy' ? { kind: 'missing', detail: 'replaced during the scan' } : root };
  }

  #root(request: ScanRequest): { readonly root: RootState; readonly volume: string | null } {
    const node = this.#options.disk.find(request.root);
    if (node === null) return { root: { kind: 'missing', detail: request.root }, volume: null };
    if (node.bytes !== null) return { root: { kind: 'not-a-directory', detail: request.root }, volume: null };
    const volume = String(node.dev);
    if (request.volume !== undefined && request.volume !== volume)
      return { root: { kind: 'other-volume', detail: volume }, volume };
    return { root: node.readable ? { kind: 'healthy' } : { kind: 'no-permission', detail: request.root }, volume };
  }

  /** Null when a rule leaves the directory out. */
  #look(request: ScanRequest, dir: string, whole: ReadonlySet<string> | null): ScannedDirectory | null {
    const { disk, faults } = this.#options;
    const path = dir === '' ? request.root : `${request.root}/${dir}`;
    const rules = this.#rulesAt(request, dir);
    if (rules === null) return null;
    let node: SimNode | null;
    try {
      node = disk.reach(path);
    } catch {
      return unread(dir, { name: '.', code: 'local.permission', detail: path });
    }
    if (node === null || node.bytes !== null) return { ...EMPTY, dir, gone: true };
    if (!node.readable) return unread(dir, { name: '.', code: 'local.permission', detail: path });
    if (whole !== null && faults.strikes('directory-unread', 'scan'))
      return unread(dir, { name: '.', code: 'local.io', detail: path });
    return this.#list(request, dir, node, rules);
  }

  #rulesAt(request: ScanRequest, dir: string): IgnoreRules | null {
    let rules = this.#withFile(rulesOf(request.ignore), request.root, '');
    let way = '';
    for (const name of dir === '' ? [] : dir.split('/')) {
      way = join(way, name);
      if (rules.ignores(way, name, 'directory')) return null;
      rules = this.#withFile(rules, `${request.root}/${way}`, way);
    }
    return rules;
  }

  #withFile(rules: IgnoreRules, path: string, dir: string): IgnoreRules {
    const file = this.#options.disk.find(`${path}/${IGNORE_FILE}`);
    return file?.bytes === null || file === null ? rules : rules.withFile(dir, Buffer.from(file.bytes).toString());
  }

  #list(request: ScanRequest, dir: string, node: SimNode, rules: IgnoreRules): ScannedDirectory {
    const files: ScannedFile[] = [];
    const subdirectories: string[] = [];
    const ignoredNames: string[] = [];
    const problems: ScanProblem[] = [];
    for (const [name, child] of node.entries) {
      const stat = statOf(child);
      if (rules.ignores(join(dir, name), name, stat.kind === 'directory' ? 'directory' : 'file'))
        ignoredNames.push(name);
      else if (stat.kind === 'directory') subdirectories.push(name);
      else if (stat.sizeBytes < request.minFileSizeBytes) ignoredNames.push(name);
      else if (stat.sizeBytes > request.maxFileSizeBytes)
        problems.push({ name, code: 'local.too-large', detail: String(stat.sizeBytes) });
      else {
        const { sizeBytes, mtimeMs, ctimeMs, fingerprint } = stat;
        files.push({ name, sizeBytes, mtimeMs, ctimeMs, fingerprint });
      }
    }
    const found = { dir, files, subdirectories, problems, ignoredNames, volume: String(node.dev) };
    return { ...found, ignored: ignoredNames.length, digest: digestOf(found), complete: true, gone: false };
  }

  /** A short wait that an abort ends. */
  #pause(label: string, signal: AbortSignal): Promise<void> {
    const { time, life, random } = this.#options;
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = () => {
        cancel();
        reject(signal.reason as Error);
      };
      const cancel = time.schedule(
        random.fraction() * 5,
        label,
        () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
        life,
      );
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

const compiled = new Map<string, IgnoreRules>();

/** Compiled once: every folder of every run has the same few patterns. */
function rulesOf(patterns: readonly string[]): IgnoreRules {
  const text = patterns.join('\n');
  const rules = compiled.get(text) ?? IgnoreRules.ofFolder(patterns);
  compiled.set(text, rules);
  return rules;
}

const EMPTY = {
  files: [],
  subdirectories: [],
  problems: [],
  ignored: 0,
  ignoredNames: [],
  volume: '',
  digest: '',
  complete: true,
} satisfies Partial<ScannedDirectory>;

function unread(dir: string, problem: ScanProblem): ScannedDirectory {
  return { ...EMPTY, dir, problems: [problem], complete: false, gone: false };
}

/** Over everything that is listed; the order of entries is that of the disk and may differ for equal directories. */
function digestOf(found: Pick<ScannedDirectory, 'files' | 'subdirectories' | 'problems' | 'ignoredNames'>): string {
  const { files, subdirectories, problems, ignoredNames } = found;
  const all = [
    Array.from(files, ({ name, fingerprint }) => `${name}\0${fingerprint}`).sort(),
    subdirectories.toSorted(),
    problems.map(({ name, code, detail }) => `${name}\0${code}\0${detail}`).sort(),
    ignoredNames.toSorted(),
  ];
  return hash('md5', JSON.stringify(all));
}

function join(dir: string, name: string): string {
  return dir === '' ? name : `${dir}/${name}`;
}
