import { describe, expect, it } from 'vitest';
import { removeStalePartials } from '../../../src/sync/stale-partials.ts';
import { bringTo, makeOutbox, queueUpload } from '../../support/outbox.ts';

describe('partial files of downloads', () => {
  it('P7: go once their operation has ended; those of open and of unknown operations stay', () => {
    const outbox = makeOutbox();
    const of = (state: 'cancelled' | 'superseded' | 'pending' | 'failed', path: string) =>
      bringTo(outbox, queueUpload(outbox, path, { kind: 'file.download' }), state).id;
    const [cancelled, superseded] = [of('cancelled', 'a'), of('superseded', 'b')];
    const names = [cancelled, superseded, of('pending', 'c'), of('failed', 'd'), 'marker', 'another-device'];
    const removed: string[] = [];
    const changes = {
      removePartial: (path: string, token: string) => {
        removed.push(`${path} ${token}`);
        return Promise.resolve();
      },
    };
    const ignored = ['.DS_Store', ...names.map((name) => `.longshore-part-${name}`)];
    removeStalePartials({ repos: outbox.repos, changes, onTrouble: () => undefined }, '/srv/drop', 'd', ignored);
    expect(removed).toEqual([
      `/srv/drop/d/.longshore-part-${cancelled} ${cancelled}`,
      `/srv/drop/d/.longshore-part-${superseded} ${superseded}`,
    ]);
  });

  it('one that can not be removed is told, and no more', async () => {
    const outbox = makeOutbox();
    const { id } = bringTo(outbox, queueUpload(outbox, 'a', { kind: 'file.download' }), 'cancelled');
    const trouble: string[] = [];
    const changes = { removePartial: () => Promise.reject(new Error('no')) };
    const onTrouble = (path: string) => trouble.push(path);
    removeStalePartials({ repos: outbox.repos, changes, onTrouble }, '/srv/drop', '', [`.longshore-part-${id}`]);
    await expect.poll(() => trouble).toEqual([`/srv/drop/.longshore-part-${id}`]);
  });
});
