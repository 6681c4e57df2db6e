import { describe, expect, test } from 'vitest';
import type { EngineHostState } from '../../../src/protocol/bridge.ts';
import type { StatusView } from '../../../src/protocol/shapes.ts';
import { languageFor } from '../../../renderer/i18n/language.ts';
import { stateLineWords } from '../../../renderer/i18n/state-line-words.ts';
import { stateLine } from '../../../renderer/state/state-line.ts';
import { counts, destination, folder, NOW, status } from './view-fixtures.ts';

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
    const busy = status({ counts: counts({ running: 1 }) });
    const down: EngineHostState = { state: 'restarting', message: 'exit 1', nextTryAt: inSeconds(4) };
    expect(words(busy, down)).toBe('The engine stopped unexpectedly; starting again in 4 sec …');
    expect(words(busy, { ...down, nextTryAt: null })).toBe('The engine stopped unexpectedly; starting again …');
    expect(words(null, { state: 'failed', message: 'out of reach', nextTryAt: null })).toBe(
      'The engine could not be started · out of reach',
    );
    expect(words(null)).toBe('Connecting …');
  });

  test('work in progress shows which item, how fast and how long', () => {
    const busy = status({ counts: counts({ running: 2, pending: 37 }), bytesPerSecond: 3_400_000, etaSeconds: 118 });
    const progress = { done: 11, total: 50, fraction: 0.2 };
    expect(words(busy, RUNNING, 'en-US', progress)).toBe('Uploading 12 of 50 · 3.4 MB/s · 2 min left');
    expect(words(busy, RUNNING, 'zh-CN', progress)).toBe('正在上传第 12 项，共 50 项 · 3.4 MB/秒 · 剩余 2分钟');
  });

  test('a silent destination is named with the next try, unless other work goes on', () => {
    const silent = destination({ state: 'unreachable', nextTryAt: inSeconds(12) });
    const waiting = status({ counts: counts({ pending: 3 }), destinations: [silent] });
    expect(words(waiting)).toBe('Nothing answers at 127.0.0.1:9000 · next try in 12 sec');
    expect(words({ ...waiting, counts: counts({ pending: 3, running: 1 }) })).toMatch(/^Uploading/);
    expect(words({ ...waiting, counts: counts({ succeeded: 3 }) })).toBe('Everything is in the storage');
  });

  test('pause, offline and a frozen folder say what waits', () => {
    const paused = status({ pausedUntil: 'forever', counts: counts({ pending: 1 }) });
    expect(words(paused)).toBe('Paused until you resume · 1 item waits');
    expect(words(status({ state: 'offline', counts: counts({ waiting: 2 }) }))).toBe(
      'This computer is offline · 2 items wait here safely and go on by themselves',
    );
    expect(words(status({ folders: [folder({ state: 'frozen' })] }))).toMatch(/^The folder drop stands still/);
  });

  test('an idle engine: trouble, all done, or nothing yet', () => {
    expect(words(status({ counts: counts({ failed: 1, conflict: 1, succeeded: 9 }) }))).toBe('2 items need you');
    expect(words(status({ counts: counts({ succeeded: 1 }) }))).toBe('Everything is in the storage');
    expect(words(status({ folders: [folder()] }))).toBe('Ready for the first file');
  });
});
