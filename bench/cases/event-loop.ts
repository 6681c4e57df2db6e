import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { STATES } from '../../src/core/states.ts';
import { MARKER_NAME } from '../../src/watch/default-ignores.ts';
import { startServer } from '../servers/server-process.ts';
import type { BenchContext } from '../support/bench-context.ts';
import { Installation, type RunningEngine } from '../support/engine.ts';
import type { Figure } from '../support/figure.ts';
import { FILES_PER_GROUP, makeGroups, makeTree } from '../support/file-trees.ts';
import { delayText } from '../support/loop-delays.ts';

/** What the product promises, ms. */
const PROMISED_MS = 50;
const DAY_MS = 86_400_000;
const PAGE = 1000;
/** Every step of a situation takes at most so long. */
const LIMIT_MS = 10 * 60_000;
const LOOK_MS = 200;
/** After the last old row is gone the free pages are given back and the log is cut. */
const SHRINK_MS = 5000;

/** How long nothing else can run on the engine's thread, in all that makes it work hard. */
export async function eventLoop(context: BenchContext): Promise<readonly Figure[]> {
  const { workspace, sizes } = context;
  const count = Math.ceil(sizes.trackedFiles / FILES_PER_GROUP) * FILES_PER_GROUP;
  const files = count.toLocaleString('en');
  const folder = workspace.directory('known');
  makeGroups(folder, count);
  const server = await startServer('sink', workspace);
  const installation = new Installation({
    context,
    folder,
    endpoint: server.endpoint,
    mode: 'mirror',
    keepDays: 1,
    concurrency: 32,
  });
  await installation.seed(100 * DAY_MS);
  const engine = await installation.start({ watchLoop: true });
  const watch = new LoopWatch(context, engine);

  await watch.during('start', `start with ${files} files known`, engine.readyAt, () => engine.settled());
  await watch.during('shells', `status, ls, search and export, ${files} operations`, null, () => askAll(engine));
  await watch.during('upkeep', `${(3 * count).toLocaleString('en')} old events removed`, null, async () => {
    await until(engine, async () => (await engine.status()).counts.succeeded === 0);
    await delay(SHRINK_MS);
  });
  await watch.during('burst', `${sizes.burstFiles.toLocaleString('en')} files dropped at once`, null, async () => {
    makeTree(join(folder, 'burst'), sizes.burstFiles, 16);
    await engine.knows(count + sizes.burstFiles);
  });
  await watch.during('sending', '… and sent', null, () => engine.settled());
  const more = workspace.directory('more');
  makeGroups(more, count);
  const all = 2 * count + sizes.burstFiles;
  await watch.during('reload', `a folder of ${files} files added to the configuration`, null, async () => {
    installation.configure({ more });
    await engine.knows(all);
  });
  await watch.during('reload.sent', '… and sent', null, () => engine.settled());
  await watch.during('flat', `one more file in a directory of ${files}`, null, async () => {
    const flat = join(more, 'flat');
    makeFlat(flat, count);
    await engine.knows(all + count);
    await engine.settled();
    writeFileSync(join(flat, 'one-more.bin'), 'x');
    await engine.knows(all + count + 1);
  });
  await watch.during('removal', `${files} files removed`, null, async () => {
    // All but the marker: without it the folder would count as another one.
    for (const name of readdirSync(more)) if (name !== MARKER_NAME) workspace.remove(join(more, name));
    await engine.knowsNoMoreThan(all - count);
    await engine.settled();
  });
  await engine.stop();
  await server.close();
  installation.remove();
  workspace.remove(folder);
  workspace.remove(more);
  return watch.figures;
}

class LoopWatch {
  readonly figures: Figure[] = [];
  readonly #context: BenchContext;
  readonly #engine: RunningEngine;

  constructor(context: BenchContext, engine: RunningEngine) {
    this.#context = context;
    this.#engine = engine;
  }

  /** `from`: epoch ms; null: now. */
  async during(id: string, what: string, from: number | null, work: () => Promise<void>): Promise<void> {
    const since = from ?? Date.now();
    const cpuBefore = this.#engine.cpuMs();
    await work();
    const tookMs = Date.now() - since;
    const loop = await this.#engine.loop(since);
    const cpuMs = this.#engine.cpuMs() - cpuBefore;
    this.#context.say(
      `${what}: ${delayText(loop)}; ${(tookMs / 1000).toFixed(1)} s, CPU ${(cpuMs / 1000).toFixed(1)} s`,
    );
    const figure = { unit: 'ms', better: 'less', peer: { name: 'promise', samples: [PROMISED_MS] } } as const;
    this.figures.push({ id: `event-loop.${id}`, what, ours: [loop.longest.delayMs], ...figure });
    this.figures.push({
      id: `event-loop.${id}.own`,
      what: '… without the time that others had the cores',
      ours: [loop.longestOwn.ownMs],
      ...figure,
    });
  }
}

/** What shells ask for at the worst. */
async function askAll(engine: RunningEngine): Promise<void> {
  const { client } = engine;
  for (let count = 0; count < 20; count += 1) await client.call('status', {});
  for (const order of ['oldest', 'newest'] as const) {
    let after: string | undefined;
    for (let page = 0; page < 10; page += 1) {
      const found = await client.call('ls', { states: [...STATES], order, limit: PAGE, ...(after ? { after } : {}) });
      if (found.next === null) break;
      after = found.next;
    }
  }
  await client.call('ls', { states: [...STATES], order: 'newest', limit: 50, search: 'no file is called so' });
  await client.call('ls', { states: [...STATES], order: 'newest', limit: 50, kind: 'file.delete' });
  await client.call('events', { since: new Date().toISOString(), limit: PAGE });
  for (let afterSeq: number | null = 0; afterSeq !== null;) {
    const page: { next: number | null } = await client.call('events', { afterSeq, limit: PAGE });
    afterSeq = page.next;
  }
}

function makeFlat(directory: string, count: number): void {
  makeTree(directory, 1, 1);
  for (let index = 0; index < count - 1; index += 1) writeFileSync(join(directory, `flat-${index}.bin`), String(index));
}

async function until(engine: RunningEngine, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline)
      throw new Error(`it does not come to an end: ${JSON.stringify(await engine.status())}`);
    await delay(LOOK_MS);
  }
}
