import { describe, expect, test } from 'vitest';
import type { EngineHostState } from '../../../src/protocol/bridge.ts';
import { iconName, trayLook } from '../../../electron/tray-look.ts';
import { rateText, summaryLine, trayMenu, type TrayMenuItem, type TrayModel } from '../../../electron/tray-menu.ts';
import { wordsFor } from '../../../electron/words.ts';
import { folderStatus, statusView } from '../../support/protocol-fixtures.ts';

const running: EngineHostState = { state: 'running', message: null, nextTryAt: null };
const now = new Date(2026, 0, 5, 14, 0);
const massDelete = { count: 1234, of: 3000, since: '2026-01-05T13:00:00Z', sample: ['a.txt'] };

const oneFolder: typeof statusView = (overrides) => statusView({ folders: [folderStatus()], ...overrides });

function model(changes: Partial<TrayModel> = {}): TrayModel {
  return {
    status: oneFolder(),
    engine: running,
    batch: { succeededBefore: 0, done: 0, outstanding: 0 },
    active: [],
    now,
    words: wordsFor('en-GB'),
    ...changes,
  };
}

/** The menu as lines: `(disabled)`, `action`, `---`, and submenus indented. */
function drawn(items: readonly TrayMenuItem[], indent = ''): string[] {
  return items.flatMap((item) => {
    if (item.kind === 'separator') return [`${indent}---`];
    if (item.kind === 'line') return [`${indent}(${item.label})`];
    return [indent + item.label, ...(item.kind === 'submenu' ? drawn(item.items, `${indent}  `) : [])];
  });
}

function find(items: readonly TrayMenuItem[], label: string): TrayMenuItem | undefined {
  for (const item of items) {
    if (item.kind !== 'separator' && item.label === label) return item;
    const deeper = item.kind === 'submenu' ? find(item.items, label) : undefined;
    if (deeper) return deeper;
  }
  return undefined;
}

const pauseLines = ['Pause', '  For 30 minutes', '  For 2 hours', '  Until tomorrow', '  Until I resume'];

describe('menu', () => {
  test('at rest', () => {
    expect(drawn(trayMenu(model()))).toEqual([
      '(Everything is up to date)',
      '---',
      ...pauseLines,
      '---',
      'Open folder',
      'Open Longshore',
      '---',
      'Quit Longshore',
    ]);
  });

  test('at work, with what runs and what needs a person', () => {
    const items = trayMenu(
      model({
        status: oneFolder({
          counts: { running: 2, pending: 36, failed: 2 },
          work: 'file.upload',
          bytesPerSecond: 3_400_000,
        }),
        batch: { succeededBefore: 7, done: 11, outstanding: 39 },
        active: [
          { kind: 'file.upload', name: 'film.mov', percent: 40 },
          { kind: 'api.call', name: 'call', percent: null },
          { kind: 'file.delete', name: 'old.txt', percent: null },
          { kind: 'file.download', name: 'theirs.txt', percent: 20 },
        ],
      }),
    );
    expect(drawn(items).slice(0, 7)).toEqual([
      '(Uploading 12 of 50 · 3.4 MB/s)',
      '2 items need attention',
      '(film.mov – 40 %)',
      '(call)',
      '(Deleting old.txt)',
      '(Downloading theirs.txt – 20 %)',
      '---',
    ]);
    expect(find(items, '2 items need attention')).toMatchObject({ action: { kind: 'open-window' } });
  });

  test('paused: it can be resumed, and paused for another time', () => {
    const pausedUntil = new Date(2026, 0, 5, 14, 30).toISOString();
    const items = trayMenu(
      model({
        status: oneFolder({ state: 'paused', pausedUntil }),
        active: [{ kind: 'file.upload', name: 'a', percent: 10 }],
      }),
    );
    expect(drawn(items)).toEqual([
      '(Paused until 14:30)',
      '---',
      ...pauseLines,
      'Resume',
      '---',
      'Open folder',
      'Open Longshore',
      '---',
      'Quit Longshore',
    ]);
  });

  test('several folders get a submenu that opens each by its name', () => {
    const status = statusView({ folders: [folderStatus(), folderStatus({ name: 'scans' })] });
    const items = trayMenu(model({ status }));
    expect(drawn(items)).toEqual(expect.arrayContaining(['Open folder', '  drop', '  scans']));
    expect(find(items, 'scans')).toMatchObject({ action: { kind: 'open-folder', folder: 'scans' } });
  });

  test('no folder, nothing to open', () => {
    expect(drawn(trayMenu(model({ status: statusView({ folders: [] }) })))).not.toContain('Open folder');
  });

  test('without an engine nothing is offered that needs one', () => {
    const engine: EngineHostState = { state: 'restarting', message: 'It ended.', nextTryAt: null };
    expect(drawn(trayMenu(model({ engine })))).toEqual([
      '(The engine is restarting…)',
      '(It ended.)',
      '---',
      'Open Longshore',
      '---',
      'Quit Longshore',
    ]);
    expect(drawn(trayMenu(model({ engine: { ...engine, state: 'failed' } })))).toContain('Start the engine again');
  });

  test('the lengths of pauses', () => {
    const items = trayMenu(model());
    const length = (label: string): unknown => find(items, label);
    expect(length('For 30 minutes')).toMatchObject({ action: { kind: 'pause', length: 1_800_000 } });
    expect(length('For 2 hours')).toMatchObject({ action: { kind: 'pause', length: 7_200_000 } });
    expect(length('Until tomorrow')).toMatchObject({ action: { kind: 'pause', length: 'until-tomorrow' } });
    expect(length('Until I resume')).toMatchObject({ action: { kind: 'pause', length: 'until-resume' } });
  });

  test('long names are cut', () => {
    const [, line] = trayMenu(model({ active: [{ kind: 'file.upload', name: 'x'.repeat(300), percent: null }] }));
    expect(line).toEqual({ kind: 'line', label: `${'x'.repeat(39)}…` });
  });
});

describe('summary and icon', () => {
  const cases: readonly [string, Partial<TrayModel>, string, string][] = [
    ['nothing heard yet', { status: null, engine: { ...running, state: 'starting' } }, 'Starting…', 'idle'],
    ['engine failed', { engine: { ...running, state: 'failed' } }, 'The engine does not run', 'attention'],
    ['paused for ever', { status: oneFolder({ state: 'paused', pausedUntil: 'forever' }) }, 'Paused', 'paused'],
    [
      'paused into another day',
      { status: oneFolder({ pausedUntil: new Date(2026, 0, 6, 6).toISOString() }) },
      'Paused until Tue 06:00',
      'paused',
    ],
    [
      'offline',
      { status: oneFolder({ state: 'offline' }), batch: { succeededBefore: 0, done: 0, outstanding: 3 } },
      'Offline · 3 items waiting',
      'offline',
    ],
    ['one conflict', { status: oneFolder({ counts: { conflict: 1 } }) }, '1 item needs attention', 'attention'],
    [
      'a frozen folder',
      { status: statusView({ folders: [folderStatus({ name: 'usb', state: 'frozen' })] }) },
      'Folder “usb” is not available',
      'attention',
    ],
    [
      'a configuration that is wrong',
      { status: oneFolder({ configProblems: ['line 3'] }) },
      'The configuration has a problem',
      'attention',
    ],
    [
      'waiting for retries',
      { status: oneFolder({ counts: { waiting: 4 } }), batch: { succeededBefore: 0, done: 0, outstanding: 4 } },
      '4 items waiting',
      'idle',
    ],
    [
      'at work',
      {
        status: oneFolder({ counts: { running: 1, pending: 4 }, work: 'file.upload' }),
        batch: { succeededBefore: 0, done: 5, outstanding: 5 },
      },
      'Uploading 6 of 10',
      'syncing-4',
    ],
    [
      'at deletes',
      {
        status: oneFolder({ counts: { running: 1 }, work: 'file.delete' }),
        batch: { succeededBefore: 0, done: 0, outstanding: 1 },
      },
      'Deleting 1 of 1',
      'syncing-0',
    ],
    [
      'at this and that',
      {
        status: oneFolder({ counts: { running: 2 }, work: 'mixed' }),
        batch: { succeededBefore: 0, done: 0, outstanding: 2 },
      },
      'Working on 1 of 2',
      'syncing-0',
    ],
    [
      'a mass delete',
      { status: statusView({ folders: [folderStatus(), folderStatus({ name: 'photos', guard: massDelete })] }) },
      '1234 deletes wait for your word',
      'attention',
    ],
    ...(
      [
        ['schedule-closed', 'Outside of working hours'],
        ['on-battery', 'On battery power'],
        ['metered', 'On a metered connection'],
      ] as const
    ).map(([gate, words]): [string, Partial<TrayModel>, string, string] => [
      gate,
      {
        status: oneFolder({ gates: [{ gate, scope: 'all', until: null, reason: '' }], counts: { pending: 3 } }),
        batch: { succeededBefore: 0, done: 0, outstanding: 3 },
      },
      `${words} · 3 items waiting`,
      'idle',
    ]),
    [
      'working hours are over, and so is the work',
      { status: oneFolder({ gates: [{ gate: 'schedule-closed', scope: 'all', until: null, reason: '' }] }) },
      'Everything is up to date',
      'idle',
    ],
    [
      'a full disk',
      { status: oneFolder({ gates: [{ gate: 'disk-low', scope: 'all', until: null, reason: '' }] }) },
      'The disk of this computer is nearly full',
      'attention',
    ],
    [
      'a queue that can not be written, whatever seems to run',
      {
        status: oneFolder({
          state: 'error',
          disk: { dataDir: '/d', freeBytes: 0, neededBytes: 0, full: true },
          counts: { running: 3 },
        }),
      },
      'The disk with the queue is full: nothing is sent',
      'attention',
    ],
  ];
  for (const [what, changes, summary, icon] of cases) {
    test(what, () => {
      // Versions of the language data differ in that comma.
      expect(summaryLine(model(changes)).replace('Tue,', 'Tue')).toBe(summary);
      expect(iconName(trayLook(model(changes)))).toBe(icon);
    });
  }

  test('Chinese', () => {
    expect(summaryLine(model({ words: wordsFor('zh-CN') }))).toBe('全部已是最新');
    expect(wordsFor('fr').language).toBe('en');
  });

  test('rates', () => {
    expect([0, 999, 999.6, 1500, 99_949, 99_951, 3_400_000, 2.5e12].map(rateText)).toEqual([
      '0 B/s',
      '999 B/s',
      '1.0 kB/s',
      '1.5 kB/s',
      '99.9 kB/s',
      '100 kB/s',
      '3.4 MB/s',
      '2500 GB/s',
    ]);
  });
});
