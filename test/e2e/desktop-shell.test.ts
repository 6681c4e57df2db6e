import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTrayWatcher, type TrayMenuEntry, type TrayWatcher } from '../support/tray-watcher.ts';
import { until } from '../support/until.ts';
import { engineStateOf, isAlive, startAgentApp, statusOf, type AgentApp } from './agent-app.ts';

let tray: TrayWatcher;
let agent: AgentApp;

beforeEach(async () => {
  tray = await startTrayWatcher();
  agent = await startAgentApp();
  await until('the engine runs', async () => (await engineStateOf(agent.window)) === 'running', 30_000);
  await until('the tray knows', async () => (await summary()) !== 'Starting…');
});

afterEach(async () => {
  await agent.dispose();
  tray.close();
});

async function summary(): Promise<string> {
  const item = await tray.item();
  return (await item.menu())[0]?.label ?? '';
}

function labels(entries: readonly TrayMenuEntry[]): string[] {
  return entries.flatMap((entry) => [entry.label, ...labels(entry.children)]);
}

describe('window', () => {
  test('the first start shows it, served by its own protocol, without Node', async () => {
    expect(agent.window.url()).toMatch(/^longshore:\/\/app\//);
    await until('it has drawn', async () => (await agent.window.locator('#root > *').count()) > 0);
    const globals = await agent.window.evaluate(() => {
      const all = globalThis as unknown as Record<string, unknown>;
      return [typeof all['process'], typeof all['require'], typeof all['longshore']];
    });
    expect(globals).toEqual(['undefined', 'undefined', 'object']);
  });

  test('it can load nothing from elsewhere, go nowhere, open nothing and run no foreign script', async () => {
    const outcome = await agent.window.evaluate(async () => {
      const page = globalThis as unknown as {
        open(url: string): unknown;
        location: { href: string };
      };
      // The page gets this function's text alone: what it uses must be inside of it.
      // oxlint-disable-next-line unicorn/consistent-function-scoping
      const failed = async (act: () => unknown): Promise<boolean> => {
        try {
          return (await act()) === null;
        } catch {
          return true;
        }
      };
      return {
        fetch: await failed(() => fetch('http://127.0.0.1:9/')),
        file: await failed(() => fetch('file:///etc/passwd')),
        open: await failed(() => page.open('https://example.com')),
        outside: (await fetch('longshore://app/..%2f..%2fpackage.json')).status,
        // Whatever drives this page may run text as code; what the page itself may do, its policy says.
        policy: /^default-src 'none'; script-src 'self';(?!.*unsafe)/.test(
          (await fetch('longshore://app/index.html')).headers.get('content-security-policy') ?? '',
        ),
      };
    });
    expect(outcome).toEqual({ fetch: true, file: true, open: true, outside: 403, policy: true });
    await agent.window
      .evaluate(() => {
        (globalThis as unknown as { location: { href: string } }).location.href = 'https://example.com/';
      })
      .catch(() => undefined);
    expect((await agent.status()).state).toBeDefined();
    expect(agent.window.url()).toMatch(/^longshore:\/\/app\//);
  });

  test('it reaches only what a page may ask', async () => {
    const kinds = await agent.window.evaluate(async () => {
      const { longshore } = globalThis as unknown as {
        longshore: { request(method: string, params: unknown): Promise<{ ok: boolean; error?: { kind: string } }> };
      };
      const replies = await Promise.all([
        longshore.request('shutdown', {}),
        longshore.request('secret.set', { name: 'a', value: 'b' }),
        longshore.request('host.signal', { signal: 'offline' }),
        longshore.request('ls', { limit: -1 }),
        longshore.request('__proto__', {}),
      ]);
      return replies.map((reply) => reply.error?.kind);
    });
    expect(kinds).toEqual(['not-available', 'not-available', 'not-available', 'usage', 'not-available']);
  });

  test('closing it leaves the agent in the tray, which opens it again', async () => {
    const { engine } = await agent.status();
    await agent.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    await until('the window is gone', () => agent.window.isClosed());
    expect(isAlive(engine.pid)).toBe(true);
    const reopened = agent.app.waitForEvent('window');
    const startedAt = performance.now();
    await (await tray.item()).click('Open Longshore');
    const window = await reopened;
    await until('it has drawn', async () => (await window.locator('#root > *').count()) > 0);
    expect(performance.now() - startedAt).toBeLessThan(3000);
    expect((await statusOf(window)).engine.pid).toBe(engine.pid);
  });

  test('a second start brings the first to the front and ends', async () => {
    await agent.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.hide());
    expect(await agent.startAgain()).toBe(0);
    await until('the first window shows', () =>
      agent.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible() === true),
    );
    expect(await agent.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
  });
});

describe('tray', () => {
  test('P9: pauses and resumes; icon and summary follow', async () => {
    const item = await tray.item();
    const iconBefore = await item.iconDigest();
    expect(labels(await item.menu())).toEqual(
      expect.arrayContaining(['Pause', 'For 30 minutes', 'For 2 hours', 'Until tomorrow', 'Until I resume']),
    );
    await item.click('For 30 minutes');
    await until('it is paused', async () => (await agent.status()).state === 'paused', 2000);
    await until('the tray says so', async () => /^Paused until \d\d:\d\d$/.test(await summary()));
    expect(await item.iconDigest()).not.toBe(iconBefore);
    await item.click('Resume');
    await until('it is no longer paused', async () => (await agent.status()).pausedUntil === null, 2000);
    await until('the tray says so', async () => !(await summary()).startsWith('Paused'));
  });

  test('until tomorrow is until six in the morning', async () => {
    await (await tray.item()).click('Until tomorrow');
    await until('it is paused', async () => (await agent.status()).pausedUntil !== null);
    const until6 = new Date((await agent.status()).pausedUntil ?? 0);
    // The engine counts from when it was asked: a second more or less.
    const sinceSixMs = until6.getTime() - new Date(until6).setHours(6, 0, 0, 0);
    expect(Math.abs(sinceSixMs)).toBeLessThan(5000);
    expect(until6.getTime()).toBeGreaterThan(Date.now());
  });

  test('quit ends every process', async () => {
    const processes = await agent.livingProcesses();
    expect(processes.length).toBeGreaterThan(2);
    await (await tray.item()).click('Quit Longshore');
    await until('all have ended', () => processes.every((pid) => !isAlive(pid)), 5500);
  });
});

describe('engine', () => {
  test('killed: it is back within 3 s, and the window says so', async () => {
    const before = await agent.status();
    process.kill(before.engine.pid, 'SIGKILL');
    const killedAt = performance.now();
    await until('the window knows', async () => (await engineStateOf(agent.window)) !== 'running', 3000);
    await until('it runs again', async () => (await engineStateOf(agent.window)) === 'running', 3000);
    expect(performance.now() - killedAt).toBeLessThan(3000);
    const after = await agent.status();
    expect(after.engine.pid).not.toBe(before.engine.pid);
    await until('the tray is back', async () => !(await summary()).includes('engine'));
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal} to the app ends every process within 5 s`, async () => {
      const processes = await agent.livingProcesses();
      agent.app.process().kill(signal);
      await until('all have ended', () => processes.every((pid) => !isAlive(pid)), 5500);
    });
  }

  test('P12: no secret of the configuration stands in the log', () => {
    const log = readFileSync(path.join(agent.dataDir, 'logs', 'main.log'), 'utf8');
    expect(log).toContain('engine running');
    expect(log).not.toContain('test-secret');
  });
});
