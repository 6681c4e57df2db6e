import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { loadConfigFile } from '../../../src/config/load-config.ts';
import type { ConfigResult } from '../../../src/config/load-config.ts';
import { watchConfig } from '../../../src/config/watch-config.ts';
import { CONTEXT } from './load.ts';

const say = (result: ConfigResult) => (result.ok ? result.config.device : result.problems[0]!.message);

describe('watching the configuration', () => {
  let directory = '';
  let file = '';
  let close: (() => void) | null = null;
  let results: ConfigResult[] = [];
  let wake: (() => void) | null = null;

  const load = () => loadConfigFile(file, CONTEXT);

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'longshore-watch-'));
    file = join(directory, 'config.yaml');
    writeFileSync(file, 'device: one');
    results = [];
  });
  afterEach(() => {
    close?.();
    rmSync(directory, { recursive: true, force: true });
  });

  const onChange = (result: ConfigResult) => {
    results.push(result);
    wake?.();
  };

  function start(current = load(), intervalMs = 60_000): void {
    const watching = watchConfig({ file, load, current, onChange, debounceMs: 20, intervalMs });
    close = () => watching.close();
  }

  /** Resolves with what was reported once `count` reports came; the runner's time limit is the deadline. */
  async function reported(count: number): Promise<readonly string[]> {
    while (results.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return results.map(say);
  }

  it('reports writes, renames over the file, broken text, deletion and return, in order', async () => {
    start();
    writeFileSync(file, 'device: two');
    expect(await reported(1)).toEqual(['two']);
    writeFileSync(join(directory, 'config.yaml.tmp'), 'device: three');
    renameSync(join(directory, 'config.yaml.tmp'), file);
    expect((await reported(2)).at(-1)).toBe('three');
    writeFileSync(file, 'device: [');
    expect((await reported(3)).at(-1)).toContain('missing');
    unlinkSync(file);
    expect((await reported(4)).at(-1)).toBe('There is no such file.');
    writeFileSync(file, 'device: four');
    expect(await reported(5)).toHaveLength(5);
    expect(say(results[4]!)).toBe('four');
  });

  it('reports a change made between the caller’s reading and the start', async () => {
    const current = load();
    writeFileSync(file, 'device: early');
    start(current);
    expect(await reported(1)).toEqual(['early']);
  });

  it('says nothing when it finds the same content, also after a write', async () => {
    const looks: number[] = [];
    let looked: (() => void) | null = null;
    const current = load();
    const counting = () => {
      looks.push(looks.length);
      looked?.();
      return load();
    };
    const watching = watchConfig({ file, load: counting, current, onChange, debounceMs: 20, intervalMs: 60_000 });
    close = () => watching.close();
    for (const wanted of [1, 2]) {
      while (looks.length < wanted) {
        await new Promise<void>((resolve) => {
          looked = resolve;
        });
      }
      writeFileSync(file, 'device: one');
    }
    // The report would have been made in the same turn as the look.
    expect(results).toEqual([]);
  });

  it('joins a burst, and says nothing of other files', async () => {
    start();
    writeFileSync(join(directory, 'other.yaml'), 'device: no');
    writeFileSync(file, 'device: one');
    for (let i = 0; i < 50; i++) writeFileSync(file, `device: b${i}`);
    expect(await reported(1)).toEqual(['b49']);
  });

  it('finds changes without any event, where the directory could not be watched at first', async () => {
    rmSync(directory, { recursive: true });
    start(load(), 30);
    const moved = mkdtempSync(join(tmpdir(), 'longshore-watch-'));
    writeFileSync(join(moved, 'config.yaml'), 'device: later');
    renameSync(moved, directory);
    expect(await reported(1)).toEqual(['later']);
  });

  it('is silent once closed', async () => {
    start();
    close?.();
    writeFileSync(file, 'device: late');
    let other = 0;
    const second = watchConfig({
      file,
      load,
      current: { ...load(), source: { ...load().source, digest: 'x' } },
      onChange: () => {
        other += 1;
        wake?.();
      },
      debounceMs: 60,
      intervalMs: 60_000,
    });
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
    second.close();
    expect(other).toBe(1);
    expect(results).toEqual([]);
  });
});
