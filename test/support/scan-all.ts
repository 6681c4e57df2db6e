import type { ScannedDirectory, Scanner, ScanRequest, ScanSummary } from '../../src/core/ports.ts';

export interface ScanResult {
  readonly summary: ScanSummary;
  readonly directories: readonly ScannedDirectory[];
  /** Paths of all files, sorted. */
  readonly paths: readonly string[];
  readonly dir: (path: string) => ScannedDirectory | undefined;
}

/** A request for everything, with limits that leave nothing out. */
export function scanRequest(root: string, more: Partial<ScanRequest> = {}): ScanRequest {
  return {
    root,
    ignore: [],
    maxFileSizeBytes: Number.MAX_SAFE_INTEGER,
    minFileSizeBytes: 0,
    under: [{ dir: '', below: true }],
    ...more,
  };
}

/** Runs one scan to its end and keeps all that it found. */
export async function scanAll(scanner: Scanner, request: ScanRequest): Promise<ScanResult> {
  const directories: ScannedDirectory[] = [];
  const take = (batch: readonly ScannedDirectory[]) => {
    directories.push(...batch);
  };
  const summary = await scanner.scan(request, take, new AbortController().signal);
  const paths = directories.flatMap(({ dir, files }) =>
    files.map(({ name }) => (dir === '' ? name : `${dir}/${name}`)),
  );
  return { summary, directories, paths: paths.sort(), dir: (path) => directories.find(({ dir }) => dir === path) };
}
