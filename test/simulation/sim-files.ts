import { LongshoreError } from '../../src/core/longshore-error.ts';
import type { FileStat, LocalFiles, OpenFile, WantedFile, WholeFile } from '../../src/core/ports.ts';
import { readInSteps } from '../../src/watch/read-in-steps.ts';
import type { FaultPlan } from './faults.ts';
import type { SeededRandom } from './seeded-random.ts';
import { statOf, type SimDisk, type SimNode } from './sim-disk.ts';
import type { MachineTime } from './machine-time.ts';
import type { Life } from './virtual-time.ts';

export interface SimFilesOptions {
  readonly disk: SimDisk;
  readonly time: MachineTime;
  readonly life: Life;
  readonly random: SeededRandom;
  readonly faults: FaultPlan;
  /** When each root was last begun to be scanned as a whole. */
  readonly scanned: Map<string, number>;
  /** Hears of an overflow that no full scan has followed. */
  readonly onMissed: (root: string) => void;
}

/** LocalFiles over the simulated disk: every call takes a moment, and the disk may change meanwhile. */
export class SimFiles implements LocalFiles {
  readonly #options: SimFilesOptions;

  constructor(options: SimFilesOptions) {
    this.#options = options;
  }

  stat(path: string): Promise<FileStat | null> {
    return this.later('stat', () => {
      this.#mayFail(path);
      const node = this.#options.disk.reach(path);
      return node === null ? null : statOf(node);
    });
  }

  open(path: string): Promise<OpenFile> {
    return this.later('open', () => {
      this.#mayFail(path);
      const { faults, disk } = this.#options;
      if (faults.strikes('locked', 'open')) throw new LongshoreError('local.locked', { subject: path });
      const node = disk.reach(path);
      if (node === null || node.bytes === null) throw new LongshoreError('local.vanished', { subject: path });
      if (!node.readable) throw new LongshoreError('local.permission', { subject: path });
      return new SimOpenFile(node, this, this.#options);
    });
  }

  readWhole(wanted: WantedFile, signal: AbortSignal): Promise<WholeFile> {
    return readInSteps(this, wanted, signal);
  }

  /** The work happens at the end of a short wait. A dead engine never hears of it. */
  later<T>(label: string, work: () => T): Promise<T> {
    const { time, life, random } = this.#options;
    const delayMs = random.chance(0.9) ? random.fraction() : random.fraction() * 50;
    return new Promise((resolve, reject) => {
      const run = () => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      };
      time.schedule(delayMs, label, run, life);
    });
  }

  #mayFail(path: string): void {
    if (this.#options.faults.strikes('io', 'disk')) throw new LongshoreError('local.io', { subject: path });
  }
}

class SimOpenFile implements OpenFile {
  readonly #node: SimNode;
  readonly #files: SimFiles;
  readonly #options: SimFilesOptions;

  constructor(node: SimNode, files: SimFiles, options: SimFilesOptions) {
    this.#node = node;
    this.#files = files;
    this.#options = options;
  }

  stat(): Promise<FileStat> {
    return this.#files.later('fstat', () => statOf(this.#node));
  }

  /** Sometimes in two steps, as the system may do it: the second half can be of another state. */
  async read(into: Uint8Array, position: number): Promise<number> {
    const { faults } = this.#options;
    const cut = faults.strikes('torn-read', 'read') ? Math.floor(into.byteLength / 2) : into.byteLength;
    const first = await this.#files.later('read', () => this.#copy(into.subarray(0, cut), position));
    if (first < cut || cut === into.byteLength) return first;
    const rest = into.subarray(cut);
    return first + (await this.#files.later('read on', () => this.#copy(rest, position + cut)));
  }

  close(): Promise<void> {
    return this.#files.later('close', () => undefined);
  }

  #copy(into: Uint8Array, position: number): number {
    const bytes = this.#node.bytes ?? new Uint8Array(0);
    const piece = bytes.subarray(position, position + into.byteLength);
    into.set(piece);
    return piece.byteLength;
  }
}
