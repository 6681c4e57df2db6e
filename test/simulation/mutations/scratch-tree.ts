import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Edit, Mutation } from './mutation.ts';

/** What the simulation needs of the repository. */
const COPIED = ['src', 'test/simulation', 'package.json'];

/** A copy of the product and its simulation in which things may be broken. */
export class ScratchTree {
  readonly path: string;

  constructor(repository: string) {
    this.path = mkdtempSync(join(tmpdir(), 'longshore-mutate-'));
    for (const name of COPIED) cpSync(join(repository, name), join(this.path, name), { recursive: true });
    symlinkSync(join(repository, 'node_modules'), join(this.path, 'node_modules'), 'junction');
  }

  /** Applies the mutation; the returned function takes it back. Null when a place is not there, or not unique. */
  apply(mutation: Mutation): (() => void) | null {
    const undo: (() => void)[] = [];
    const undoAll = () => {
      for (const step of undo.toReversed()) step();
    };
    for (const edit of [mutation, ...(mutation.also ?? [])]) {
      const step = this.#edit(edit);
      if (step === null) {
        undoAll();
        return null;
      }
      undo.push(step);
    }
    return undoAll;
  }

  #edit({ file, find, replace, everywhere = false }: Edit): (() => void) | null {
    const path = join(this.path, file);
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      return null;
    }
    const first = text.indexOf(find);
    if (first < 0 || (!everywhere && text.includes(find, first + 1))) return null;
    writeFileSync(path, text.split(find).join(replace));
    return () => {
      writeFileSync(path, text);
    };
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
