import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readdirSync, readlinkSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import { CallsByFolder, type CallsFor, type FolderCalls } from '../../../src/watch/folder-calls.ts';
import { DiskFiles } from '../../../src/watch/local-files.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { TempTree } from '../../support/temp-tree.ts';
import { until } from '../../support/until.ts';

const MINUTE_MS = 60_000;

describe('P10: calls of a folder whose file system hangs', () => {
  let clock: ManualClock;
  let gone: TempTree;
  let well: TempTree;
  let calls: CallsByFolder;
  let hangs: FolderCalls;
  const ends: number[] = [];
  beforeEach(() => {
    clock = new ManualClock();
    gone = new TempTree();
    well = new TempTree();
    execFileSync('mkfifo', [gone.at('pipe')]);
    calls = new CallsByFolder(clock, () => [gone.root, well.root]);
    hangs = calls.of(gone.at('pipe'));
  });
  afterEach(() => {
    for (const end of ends.splice(0)) closeSync(end);
    gone.close();
    well.close();
  });

  /** In open(2), until somebody opens the other end. */
  const hang = () => open(gone.at('pipe'));

  it('are four at most, others go on, and after a minute nobody waits for them', async () => {
    // Not all four in the system: the tests' process has Node's own four threads.
    let late = 0;
    const settled = Promise.allSettled([
      ...Array.from({ length: 2 }, () =>
        hangs.run(hang, {
          onLate: (handle) => {
            late += 1;
            void handle.close();
          },
        }),
      ),
      ...Array.from({ length: 2 }, () => hangs.run(() => new Promise<never>(() => undefined))),
      ...Array.from({ length: 3 }, () => hangs.run(() => stat('/'))),
    ]);
    well.write('a', 'x');
    expect(await new DiskFiles(calls).stat(well.at('a'))).toMatchObject({ sizeBytes: 1 });
    for (let waited = 0; waited <= MINUTE_MS; waited += 5000) clock.advance(5000);
    for (const each of await settled) {
      expect(each).toMatchObject({
        status: 'rejected',
        reason: { code: 'folder.silent', context: { subject: gone.root } },
      });
    }
    await expect(hangs.run(() => stat('/'))).rejects.toMatchObject({ code: 'folder.silent' });
    ends.push(openSync(gone.at('pipe'), constants.O_RDWR | constants.O_NONBLOCK));
    await until('what came late is closed', () => late === 2);
    expect(await hangs.run(() => stat('/'))).toBeDefined();
  });

  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 5000) clock.advance(5000);
  };
  const never = () => new Promise<never>(() => undefined);

  it('a call that came after the others were given up is given up as well', async () => {
    const early = hangs.run(never).catch((error: unknown) => error);
    pass(MINUTE_MS);
    expect(await early).toMatchObject({ code: 'folder.silent' });
    let end: unknown = 'waits';
    hangs.run(never).catch((error: unknown) => {
      end = error;
    });
    pass(MINUTE_MS - 5000);
    await Promise.resolve();
    expect(end).toBe('waits');
    pass(5000);
    await until('it is given up', () => end !== 'waits');
    expect(end).toMatchObject({ code: 'folder.silent' });
  });

  it('a file that was open is closed when the file system answers again', async () => {
    gone.write('a', 'x');
    const opened = await Promise.all(Array.from({ length: 2 }, () => new DiskFiles(calls).open(gone.at('a'))));
    const open = () => openFiles().filter((path) => path === gone.at('a'));
    const inSystem = Promise.withResolvers<void>();
    const waits = () => inSystem.promise;
    const hanging = Promise.allSettled(Array.from({ length: 4 }, () => hangs.run(waits)));
    const [first, second] = opened;
    // The one waits for its turn when all are given up, the other comes after that.
    const closing = first?.close();
    pass(MINUTE_MS);
    await hanging;
    await closing;
    await second?.close();
    inSystem.resolve();
    await until('both are closed', () => open().length === 0);
  });

  it('a file stays open until the call that nobody waits for has ended', async () => {
    gone.write('a', 'x'.repeat(100_000));
    let givesUp = false;
    const impatient: CallsFor = {
      of: () => ({
        run: (call) => {
          const running = call();
          return givesUp ? Promise.reject(new LongshoreError('folder.silent')) : running;
        },
      }),
    };
    const file = await new DiskFiles(impatient).open(gone.at('a'));
    const into = new Uint8Array(100_000);
    givesUp = true;
    const reading = file.read(into, 0);
    await file.close();
    await expect(reading).rejects.toMatchObject({ code: 'folder.silent' });
    await until('it is read all the same', () => into.every((byte) => byte === 0x78));
    await until('it is closed', () => !openFiles().includes(gone.at('a')));
  });
});

/** What this process has open; only Linux tells. */
function openFiles(): readonly string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return [];
    }
  });
}
