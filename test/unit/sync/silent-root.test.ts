import { expect, it } from 'vitest';
import { mirrored, type WatchedFolder } from '../../support/watched-folder.ts';

const MINUTE_MS = 60_000;

/** What waits for nothing but its turn goes on. */
async function turns(folder: WatchedFolder): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    await new Promise((done) => setImmediate(done));
    folder.outbox.clock.runDeferred();
  }
}

/** The marker is read once more each time; the read with this number, from now on, waits. */
function hangMarker(folder: WatchedFolder, which: number): () => void {
  const { tree } = folder;
  const answer = Promise.withResolvers<undefined>();
  let reads = 0;
  tree.readMarker = async () => {
    reads += 1;
    if (reads === which) await answer.promise;
    return tree.marker;
  };
  return () => answer.resolve(undefined);
}

async function look(folder: WatchedFolder): Promise<void> {
  folder.sync.requestFullScan();
  folder.outbox.clock.advance(20);
  await turns(folder);
}

const told = ({ outbox }: WatchedFolder) =>
  outbox.db
    .prepare<[], string>("SELECT type FROM events WHERE resource_key = 'folder:drop' ORDER BY seq")
    .pluck()
    .all();

it('P11: a look that moves again is no frozen folder, also before it has ended', async () => {
  const folder = await mirrored(['a.txt']);
  const answer = hangMarker(folder, 1);
  const scan = folder.tree.scan.bind(folder.tree);
  const scanning = Promise.withResolvers<undefined>();
  folder.tree.scan = async (...given) => {
    await scanning.promise;
    return scan(...given);
  };
  await look(folder);
  folder.outbox.clock.advance(MINUTE_MS);
  expect(folder.sync.state().frozen).toMatchObject({ code: 'folder.silent' });
  answer();
  await turns(folder);
  expect(folder.sync.state()).toMatchObject({ scanning: true, frozen: null });
  scanning.resolve(undefined);
  await turns(folder);
  expect(told(folder)).toEqual(['folder-frozen', 'folder-thawed']);
});

it('a look that was left behind tells nothing when its drive answers', async () => {
  const folder = await mirrored(['a.txt']);
  const answer = hangMarker(folder, 2);
  await look(folder);
  folder.outbox.clock.advance(MINUTE_MS);
  const stopped = folder.sync.stop();
  await turns(folder);
  folder.outbox.clock.advance(4000);
  await stopped;
  answer();
  await turns(folder);
  expect(told(folder)).toEqual(['folder-frozen']);
});
