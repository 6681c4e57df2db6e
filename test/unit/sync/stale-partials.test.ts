import { describe, expect, it } from 'vitest';
import { StalePartials } from '../../../src/sync/stale-partials.ts';
import { bringTo, makeOutbox, queueUpload, type Outbox } from '../../support/outbox.ts';

type Ending = 'cancelled' | 'superseded' | 'pending' | 'failed' | 'succeeded';

function download(outbox: Outbox, path: string, state: Ending): string {
  const begun = state === 'pending' ? {} : { startedAt: outbox.clock.now() };
  return bringTo(outbox, queueUpload(outbox, path, { kind: 'file.download' }), state, begun).id;
}

/** The folder `drop` below "/srv/drop"; `removed` collects what is taken away there. */
function partialsOf(outbox: Outbox, { after = () => undefined }: { readonly after?: () => void } = {}) {
  const removed: string[] = [];
  const changes = {
    removePartial: (path: string, token: string) => {
      removed.push(`${path} ${token}`);
      after();
      return Promise.resolve();
    },
  };
  const onTrouble = () => undefined;
  return { removed, partials: new StalePartials('drop', '/srv/drop', { repos: outbox.repos, changes, onTrouble }) };
}

const SIGNAL = new AbortController().signal;

describe('partial files of downloads that a scan meets', () => {
  it('P7: go once their operation has ended; those of open and of unknown operations stay', () => {
    const outbox = makeOutbox();
    const [cancelled, superseded] = [download(outbox, 'a', 'cancelled'), download(outbox, 'b', 'superseded')];
    const open = [download(outbox, 'c', 'pending'), download(outbox, 'd', 'failed')];
    const names = [cancelled, superseded, ...open, 'marker', 'another-device'];
    const { removed, partials } = partialsOf(outbox);
    partials.met('d', ['.DS_Store', ...names.map((name) => `.longshore-part-${name}`)]);
    expect(removed).toEqual([
      `/srv/drop/d/.longshore-part-${cancelled} ${cancelled}`,
      `/srv/drop/d/.longshore-part-${superseded} ${superseded}`,
    ]);
  });

  it('one that can not be removed is told, and no more', async () => {
    const outbox = makeOutbox();
    const id = download(outbox, 'a', 'cancelled');
    const trouble: string[] = [];
    const changes = { removePartial: () => Promise.reject(new Error('no')) };
    const onTrouble = (path: string) => trouble.push(path);
    new StalePartials('drop', '/srv/drop', { repos: outbox.repos, changes, onTrouble }).met('', [
      `.longshore-part-${id}`,
    ]);
    await expect.poll(() => trouble).toEqual([`/srv/drop/.longshore-part-${id}`]);
  });
});

describe('partial files where no scan comes any more', () => {
  it('P7: go for downloads that ended without success in directories that a rule leaves out', async () => {
    const outbox = makeOutbox();
    const [cancelled, superseded] = [
      download(outbox, 'out/a', 'cancelled'),
      download(outbox, 'out/in/b', 'superseded'),
    ];
    download(outbox, 'met/c', 'cancelled');
    for (const state of ['pending', 'failed', 'succeeded'] as const) download(outbox, `out/${state}`, state);
    bringTo(outbox, queueUpload(outbox, 'out/upload'), 'cancelled', { startedAt: 1 });
    bringTo(outbox, queueUpload(outbox, 'out/never-begun', { kind: 'file.download' }), 'cancelled');
    const { removed, partials } = partialsOf(outbox);
    await partials.sweep((dir) => dir === 'met', SIGNAL);
    expect(removed).toEqual([`/srv/drop/out/a ${cancelled}`, `/srv/drop/out/in/b ${superseded}`]);
  });

  it('however many there are, and until the folder is stopped', async () => {
    const outbox = makeOutbox();
    for (let nth = 0; nth < 250; nth += 1) download(outbox, `out/${nth}`, 'cancelled');
    const all = partialsOf(outbox);
    await all.partials.sweep(() => false, SIGNAL);
    expect(new Set(all.removed).size).toBe(250);
    const stopping = new AbortController();
    const stopped = partialsOf(outbox, {
      after: () => {
        stopping.abort();
      },
    });
    await stopped.partials.sweep(() => false, stopping.signal);
    expect(stopped.removed).toHaveLength(1);
  });

  it('one sweep at a time', async () => {
    const outbox = makeOutbox();
    download(outbox, 'out/a', 'cancelled');
    const { removed, partials } = partialsOf(outbox);
    await Promise.all([partials.sweep(() => false, SIGNAL), partials.sweep(() => false, SIGNAL)]);
    expect(removed).toHaveLength(1);
  });
});
