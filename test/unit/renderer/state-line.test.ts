import { describe, expect, test } from 'vitest';
import type { EngineHostState } from '../../../src/protocol/bridge.ts';
import type { StatusView } from '../../../src/protocol/shapes.ts';
import { languageFor } from '../../../renderer/i18n/language.ts';
import { stateLineWords } from '../../../renderer/i18n/state-line-words.ts';
import { stateLine, toneOf } from '../../../renderer/state/state-line.ts';
import { destinationStatus, folderStatus, NOW, statusView } from '../../support/protocol-fixtures.ts';

const RUNNING: EngineHostState = { state: 'running', message: null, nextTryAt: null };
const nowMs = Date.parse(NOW);
const inSeconds = (seconds: number) => new Date(nowMs + seconds * 1000).toISOString();

function words(
  view: StatusView | null,
  host = RUNNING,
  locale = 'en-US',
  progress = { done: 0, total: 0, fraction: 0 },
) {
  const line = stateLine(host, view !== null, view, progress);
  return stateLineWords(line, nowMs, languageFor(locale)).join(' · ');
}

describe('the state line', () => {
  test('tells of the engine before anything else', () => {
    const busy = statusView({ counts: { running: 1 } });
    const down: EngineHostState = { state: 'restarting', message: 'exit 1', nextTryAt: inSeconds(4) };
    expect(words(busy, down)).toBe('The engine stopped unexpectedly; starting again in 4 sec …');
    expect(words(busy, { ...down, nextTryAt: null })).toBe('The engine stopped unexpectedly; starting again …');
    expect(words(null, { state: 'failed', message: 'out of reach', nextTryAt: null })).toBe(
      'The engine could not be started · out of reach',
    );
    expect(words(null)).toBe('Connecting …');
  });

  test('work in progress shows which item, how fast and how long', () => {
    const busy = statusView({
      work: 'file.upload',
      counts: { running: 2, pending: 37 },
      bytesPerSecond: 3_400_000,
      etaSeconds: 118,
    });
    const progress = { done: 11, total: 50, fraction: 0.2 };
    expect(words(busy, RUNNING, 'en-US', progress)).toBe('Uploading 12 of 50 · 3.4 MB/s · 2 min left');
    expect(words(busy, RUNNING, 'zh-CN', progress)).toBe('正在上传第 12 项，共 50 项 · 3.4 MB/秒 · 剩余 2分钟');
  });

  test('work has the word of what is done', () => {
    const progress = { done: 2, total: 10, fraction: 0.2 };
    const at = (work: StatusView['work'], locale = 'en-US', bytesPerSecond = 0) =>
      words(statusView({ work, bytesPerSecond, counts: { running: 1 } }), RUNNING, locale, progress);
    expect(at('file.delete')).toBe('Deleting 3 of 10');
    expect(at('file.delete', 'en-US', 1500)).toBe('Deleting 3 of 10');
    expect(at('file.download', 'en-US', 1500)).toBe('Downloading 3 of 10 · 1.5 kB/s');
    expect(at('file.move')).toBe('Moving 3 of 10');
    expect(at('file.download')).toBe('Downloading 3 of 10');
    expect(at('mixed')).toBe('Working on 3 of 10');
    expect(at(null)).toBe('Working on 3 of 10');
    expect(at('file.delete', 'zh-CN')).toBe('正在删除第 3 项，共 10 项');
  });

  test('gates that hold for all files say what holds, until when, and how much waits', () => {
    const at = (gate: StatusView['gates'][number]['gate'], until: string | null, open: number) =>
      words(statusView({ gates: [{ gate, scope: 'all', until, reason: '' }], counts: { pending: open } }));
    const opens = new Date(nowMs + 3 * 3_600_000).toISOString();
    expect(at('schedule-closed', opens, 3)).toMatch(/^Outside of working hours · goes on at .+ · 3 items wait$/);
    expect(at('on-battery', null, 1)).toBe('On battery power · 1 item waits');
    expect(at('metered', null, 2)).toBe('On a metered connection · 2 items wait');
    expect(at('schedule-closed', opens, 0)).toBe('Ready for the first file');
    // Nothing is taken up without room, so nothing is open.
    expect(at('disk-low', null, 0)).toMatch(/^The disk of this computer is nearly full/);
  });

  test('P11: a queue that can’t be written comes before whatever seems to go on', () => {
    const disk = { dataDir: '/d', freeBytes: 0, neededBytes: 0, full: true };
    const view = statusView({ state: 'error', disk, counts: { running: 2, pending: 5 } });
    expect(words(view)).toBe('The disk with the queue is full · nothing is taken up or sent until there is room');
    expect(words(view, RUNNING, 'zh-CN')).toBe('存放队列的磁盘已满 · 腾出空间之前不会接收或发送任何内容');
    expect(toneOf(stateLine(RUNNING, true, view, { done: 0, total: 1, fraction: 0 }))).toBe('bad');
  });

  test('gates that people wanted are no trouble; a full disk is', () => {
    const tone = (gate: StatusView['gates'][number]['gate']) => {
      const view = statusView({ gates: [{ gate, scope: 'all', until: null, reason: '' }], counts: { pending: 1 } });
      return toneOf(stateLine(RUNNING, true, view, { done: 0, total: 1, fraction: 0 }));
    };
    expect([tone('on-battery'), tone('metered'), tone('schedule-closed'), tone('disk-low')]).toEqual([
      'quiet',
      'quiet',
      'quiet',
      'warn',
    ]);
  });

  test('a mass delete waits for a word, and says that nothing is deleted meanwhile; other work goes first', () => {
    const guard = { count: 1234, of: 3000, since: NOW, sample: ['a.txt'] };
    const gates: StatusView['gates'] = [{ gate: 'mass-delete', scope: 'folder:drop', until: null, reason: '' }];
    const held = statusView({ folders: [folderStatus({ guard })], gates, counts: { succeeded: 3000 } });
    expect(words(held)).toBe('1,234 deletes in drop wait for your word · nothing is deleted in the storage meanwhile');
    expect(words(held, RUNNING, 'zh-CN')).toBe('drop 中的 1,234 项删除等待您确认 · 在此期间不会删除存储中的任何内容');
    expect(
      words({
        ...held,
        folders: [folderStatus({ guard }), folderStatus({ name: 'b', guard: { ...guard, count: 66 } })],
      }),
    ).toMatch(/^1,300 deletes wait for your word/);
    expect(words(statusView({ ...held, work: 'file.upload', counts: { running: 1 } }))).toMatch(/^Uploading/);
  });

  test('a silent destination is named with the next try, unless other work goes on', () => {
    const silent = destinationStatus({ state: 'unreachable', nextTryAt: inSeconds(12) });
    const waiting = statusView({ counts: { pending: 3 }, destinations: [silent] });
    expect(words(waiting)).toBe('Nothing answers at s3.example.com · next try in 12 sec');
    expect(words(statusView({ ...waiting, work: 'file.upload', counts: { pending: 3, running: 1 } }))).toMatch(
      /^Uploading/,
    );
    expect(words(statusView({ ...waiting, counts: { succeeded: 3 } }))).toBe('Everything is in the storage');
  });

  test('pause, offline and a frozen folder say what waits', () => {
    const paused = statusView({ pausedUntil: 'forever', counts: { pending: 1 } });
    expect(words(paused)).toBe('Paused until you resume · 1 item waits');
    expect(words(statusView({ state: 'offline', counts: { waiting: 2 } }))).toBe(
      'This computer is offline · 2 items wait here safely and go on by themselves',
    );
    expect(words(statusView({ folders: [folderStatus({ state: 'frozen' })] }))).toMatch(
      /^The folder drop stands still/,
    );
  });

  test('an idle engine: trouble, all done, or nothing yet', () => {
    expect(words(statusView({ counts: { failed: 1, conflict: 1, succeeded: 9 } }))).toBe('2 items need you');
    expect(words(statusView({ counts: { succeeded: 1 } }))).toBe('Everything is in the storage');
    expect(words(statusView({ folders: [folderStatus()] }))).toBe('Ready for the first file');
  });
});
