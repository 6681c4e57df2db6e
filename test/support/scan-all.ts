import type { ScannedDirectory, ScannedFile, Scanner, ScanRequest, ScanSummary } from '../../src/core/ports.ts';

/** A directory whose files are an array, so that it can be compared with what is expected. */
export interface ListedDirectory extends ScannedDirectory {
  readonly files: readonly ScannedFile[];
}

export interface ScanResult {
  readonly summary: ScanSummary;
  readonly directories: readonly ListedDirectory[];
  /** Paths of all files, sorted. */
  readonly paths: readonly string[];
  readonly dir: (path: string) => ListedDirectory | undefined;
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
  const directories: ListedDirectory[] = [];
  const take = (batch: readonly ScannedDirectory[]) => {
    directories.push(...batch.map(listed));
  };
  const summary = await scanner.scan(request, take, new AbortController().signal);
  const paths = directories.flatMap(({ dir, files }) =>
    files.map(({ name }) => (dir === '' ? name : `${dir}/${name}`)),
  );
  return { summary, directories, paths: paths.sort(), dir: (path) => directories.find(({ dir }) => dir === path) };
}

/** Everything that the port tells of it, as plain data. */
export function listed(directory: ScannedDirectory): ListedDirectory {
  const { dir, subdirectories, problems, ignored, ignoredNames, volume, digest, complete, gone } = directory;
  const files = [...directory.files];
  return { dir, files, subdirectories, problems, ignored, ignoredNames, volume, digest, complete, gone };
}
