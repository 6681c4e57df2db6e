import { LongshoreError } from '../core/longshore-error.ts';
import type { Random, RootState, ScanSummary } from '../core/ports.ts';
import type { StoredFolder } from '../db/folders-repo.ts';
import type { Repositories } from '../db/repositories.ts';
import type { PlannedFolder } from './planned-folder.ts';
import { adoptRoot, markerTrouble, type MarkerFile } from './root-marker.ts';

export interface RootHealthDeps {
  readonly repos: Repositories;
  readonly random: Random;
  readonly changes: MarkerFile;
}

const NO_ANSWER = 'it has not answered for more than a minute';

/** What a look told of the root itself. */
export interface RootLook {
  readonly summary: Pick<ScanSummary, 'root'>;
  /** A full look on another volume than before met nothing of what is known. */
  readonly lostEverything: boolean;
  /** What is wrong with the marker; null: nothing, or there is none yet. */
  readonly foreign: LongshoreError | null;
}

/** Whether a folder's root is there and is the one that the inventory tells of. While it is not, the folder is frozen. */
export class RootHealth {
  readonly #folder: PlannedFolder;
  readonly #root: string;
  readonly #deps: RootHealthDeps;
  #frozen: LongshoreError | null = null;
  /** A look is under way that the file system does not answer. */
  #isSilent = false;
  /** The marker can't be written: deletes are not followed. */
  #unmarked: LongshoreError | null = null;

  constructor(folder: PlannedFolder, root: string, deps: RootHealthDeps) {
    this.#folder = folder;
    this.#root = root;
    this.#deps = deps;
  }

  get frozen(): LongshoreError | null {
    return this.#isSilent ? rootTrouble({ kind: 'silent', detail: NO_ANSWER }, this.#root) : this.#frozen;
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  get unmarked(): LongshoreError | null {
    return this.#unmarked;
  }

  /** In mirror mode the root is known by its marker; null when it is that root, or none is known by a marker. */
  async foreign({ marker }: StoredFolder): Promise<LongshoreError | null> {
    if (this.#folder.mode !== 'mirror' || marker === null) return null;
    return markerTrouble(this.#deps.changes, this.#root, marker);
  }

  /** True when nothing may be concluded from what is not there; the folder waits for its drive. */
  freezes({ summary, lostEverything, foreign }: RootLook): boolean {
    this.#become(() => {
      this.#isSilent = false;
      this.#frozen =
        rootTrouble(summary.root, this.#root) ?? foreign ?? (lostEverything ? otherVolume(this.#root) : null);
    });
    return this.#frozen !== null;
  }

  /** The file system does not answer the look that is under way, or answers again. */
  silence(isSilent: boolean): void {
    this.#become(() => {
      this.#isSilent = isSilent;
    });
  }

  #become(change: () => void): void {
    const was = this.frozen;
    change();
    if (this.frozen?.code !== was?.code) this.#tell(this.frozen);
  }

  /** The first healthy scan in mirror mode: from now on the root is known by its marker, and deletes are followed. */
  async keepMarker(before: StoredFolder): Promise<void> {
    if (this.#folder.mode !== 'mirror' || before.marker !== null) return;
    const { repos, changes, random } = this.#deps;
    try {
      repos.folders.setMarker(this.#folder.name, await adoptRoot(changes, this.#root, random));
      this.#unmarked = null;
    } catch (error) {
      if (!(error instanceof LongshoreError)) throw error;
      this.#unmarked = error;
    }
  }

  /** For the history: the folder freezes, for another reason than before, or thaws. */
  #tell(error: LongshoreError | null): void {
    const { name } = this.#folder;
    this.#deps.repos.events.append({
      operationId: null,
      resourceKey: `folder:${name}`,
      type: error === null ? 'folder-thawed' : 'folder-frozen',
      from: null,
      to: null,
      details: error === null ? { folder: name } : { folder: name, code: error.code, message: error.message },
    });
  }
}

/** Another volume stands at the root than the one that was known: a drive came, or went. */
export function hasMoved(before: StoredFolder, { volume }: Pick<ScanSummary, 'volume'>): boolean {
  return before.volume !== null && volume !== null && before.volume !== volume;
}

function rootTrouble(root: RootState, path: string): LongshoreError | null {
  switch (root.kind) {
    case 'healthy':
      return null;
    case 'no-permission':
      return new LongshoreError('folder.no-permission', { subject: path, detail: root.detail });
    case 'silent':
      return new LongshoreError('folder.silent', { subject: path, detail: root.detail });
    case 'other-volume':
      return otherVolume(path);
    case 'not-a-directory':
      return new LongshoreError('folder.not-a-directory', { subject: path });
    case 'missing':
      return new LongshoreError('folder.missing', { subject: path, detail: root.detail });
  }
}

function otherVolume(path: string): LongshoreError {
  return new LongshoreError('folder.other-volume', { subject: path });
}
