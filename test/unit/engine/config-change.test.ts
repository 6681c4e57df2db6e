import { describe, expect, it } from 'vitest';
import type { LongshoreConfig } from '../../../src/config/config-types.ts';
import { smoothChange } from '../../../src/engine/config-change.ts';
import { deskConfig } from '../../support/desk.ts';
import { must } from '../../support/outbox.ts';

const config = deskConfig();
const [drop, far] = config.folders;
const withFolders = (...folders: LongshoreConfig['folders']): LongshoreConfig => ({ ...config, folders });

describe('a change of the configuration that a core takes over while it works', () => {
  it('names the folders that go, come and have other rules, and leaves the others alone', () => {
    const more = { ...must(drop), name: 'more', path: '/srv/more', prefix: 'more/' };
    const after = withFolders({ ...must(drop), ignore: ['*.bak'] }, more);
    expect(smoothChange(config, after)).toEqual({ removed: ['far'], renewed: ['drop', 'more'], paused: [] });
    expect(smoothChange(config, deskConfig())).toEqual({ removed: [], renewed: [], paused: [] });
  });

  it('names the folders that are paused', () => {
    const after = withFolders({ ...must(drop), paused: true }, must(far));
    expect(smoothChange(config, after)).toEqual({ removed: [], renewed: ['drop'], paused: ['drop'] });
  });

  it('takes other limits along', () => {
    const limits = { ...config.limits, uploadKiBps: 64 };
    expect(smoothChange(config, { ...withFolders(must(drop)), limits })).toMatchObject({ removed: ['far'] });
  });

  it.each<[string, LongshoreConfig]>([
    ['a destination', { ...config, destinations: { main: must(config.destinations['main']) } }],
    ['the device', { ...config, device: 'other' }],
    ['where a folder lies', withFolders({ ...must(drop), path: '/srv/other' }, must(far))],
    ['where its files go', withFolders({ ...must(drop), prefix: 'other/' }, must(far))],
    ['to which destination', withFolders({ ...must(drop), destination: 'far' }, must(far))],
    [
      'that it can’t work',
      withFolders({ ...must(drop), frozen: { reason: 'key-space-overlap', withFolder: 'far' } }, must(far)),
    ],
  ])('not one of %s: transfers under way are made of that', (_what, after) => {
    expect(smoothChange(config, after)).toBeNull();
  });
});
