import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Edit, Mutation } from './mutation.ts';

/** What the simulation and the tests of adapters need of the repository. */
const COPIED = ['src', 'test', 'tools', 'package.json', 'tsconfig.json', 'vitest.config.ts'];

export type Applied =
  { readonly kind: 'applied'; readonly undo: () => void } | { readonly kind: 'no-place'; readonly reason: string };

/** A copy of the product and its simulation in which things may be broken. */
export class ScratchTree {
  readonly path: string;

  constructor(repository: string) {
    this.path = mkdtempSync(join(tmpdir(), 'longshore-mutate-'));
    for (const name of COPIED) cpSync(join(repository, name), join(this.path, name), { recursive: true });
    symlinkSync(join(repository, 'node_modules'), join(this.path, 'node_modules'), 'junction');
  }

  /** Applies the mutation; `undo` takes it back. Where a place is gone, or not unique, nothing is changed. */
  apply(mutation: Mutation): Applied {
    const undo: (() => void)[] = [];
    const undoAll = () => {
      for (const step of undo.toReversed()) step();
    };
    for (const edit of [mutation, ...(mutation.also ?? [])]) {
      const step = this.#edit(edit);
      if (typeof step === 'string') {
        undoAll();
        return { kind: 'no-place', reason: step };
      }
      undo.push(step);
    }
    return { kind: 'applied', undo: undoAll };
  }

  /** What takes it back, or why it can't be done. */
  #edit({ file, find, replace, everywhere = false }: Edit): (() => void) | string {
    const path = join(this.path, file);
    if (!existsSync(path)) return `${file} is not there`;
    const text = readFileSync(path, 'utf8');
    const places = text.split(find);
    const snippet = `"${find.trim().split('\n')[0] ?? ''}"`;
    if (places.length === 1) return `${file} does not say ${snippet} any more`;
    if (places.length > 2 && !everywhere) return `${file} says ${snippet} ${places.length - 1} times`;
    writeFileSync(path, places.join(replace));
    return () => {
      writeFileSync(path, text);
    };
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
