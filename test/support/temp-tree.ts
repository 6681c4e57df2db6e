import { Buffer } from 'node:buffer';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A real directory for one test. Paths are relative to `root`. */
export class TempTree {
  readonly base = mkdtempSync(join(tmpdir(), 'longshore-tree-'));
  readonly root = join(this.base, 'root');

  constructor() {
    mkdirSync(this.root);
  }

  at(path: string): string {
    return join(this.root, path);
  }

  write(path: string, content: string | Uint8Array): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), content);
  }

  /** Writes a file whose name is these bytes, in the directory `dir`. */
  writeRaw(dir: string, name: Uint8Array, content = 'x'): void {
    writeFileSync(Buffer.concat([Buffer.from(`${this.at(dir)}/`), name]), content);
  }

  mkdir(path: string): void {
    mkdirSync(this.at(path), { recursive: true });
  }

  remove(path: string): void {
    rmSync(this.at(path), { recursive: true, force: true });
  }

  rename(from: string, to: string): void {
    renameSync(this.at(from), this.at(to));
  }

  symlink(target: string, path: string): void {
    symlinkSync(target, this.at(path));
  }

  close(): void {
    rmSync(this.base, { recursive: true, force: true });
  }
}
