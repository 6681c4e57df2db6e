import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { appDir, engineStateOf, hostStateOf, isAlive, plainConfig, startAgentApp, type AgentApp } from './agent-app.ts';

let agent: AgentApp | undefined;
let other: ChildProcess | undefined;

afterEach(async () => {
  other?.kill('SIGKILL');
  await agent?.dispose();
  agent = undefined;
  other = undefined;
});

const runs = (app: AgentApp) => async (): Promise<boolean> => (await engineStateOf(app.window)) === 'running';

test('a configuration that is wrong is told in the window; it runs as soon as the file is right', async () => {
  agent = await startAgentApp({ configText: (dir) => plainConfig(dir).replace('bucket: none', 'bukket: none') });
  const { window, configFile, folderDir } = agent;
  await until('the engine refused', async () => (await engineStateOf(window)) === 'failed', 20_000);
  expect((await hostStateOf(window)).message).toContain('bukket');
  await until('the window says so', async () => (await window.getByText('bukket').count()) > 0);
  writeFileSync(configFile, plainConfig(folderDir));
  await until('it runs', runs(agent), 15_000);
});

test('another engine on the same data: who holds it is told, and this one begins when that one ends', async () => {
  agent = await startAgentApp({
    before: async ({ dataDir, configFile }) => {
      const args = [path.join(appDir, 'dist/node/cli.js'), 'run', '--data', dataDir, '--config', configFile];
      other = spawn(process.execPath, args, { stdio: 'ignore' });
      await until('the other engine runs', () => existsSync(path.join(dataDir, 'engine.json')), 20_000);
    },
  });
  const { window } = agent;
  await until('it is refused', async () => (await engineStateOf(window)) === 'failed', 20_000);
  const { message, nextTryAt } = await hostStateOf(window);
  expect(message).toContain(String(other?.pid));
  expect(nextTryAt).not.toBeNull();
  other?.kill('SIGTERM');
  await until('it runs', runs(agent), 20_000);
});

test('a quit ends all within 5 s, even if the engine hears nothing', async () => {
  agent = await startAgentApp();
  await until('it runs', runs(agent), 20_000);
  const { engine } = await agent.status();
  const processes = await agent.livingProcesses();
  process.kill(engine.pid, 'SIGSTOP');
  agent.app.process().kill('SIGTERM');
  await until('all have ended', () => processes.every((pid) => !isAlive(pid)), 5500);
});

test('the app killed: the engine does not stay behind, and the next start goes on', async () => {
  agent = await startAgentApp();
  await until('it runs', runs(agent), 20_000);
  const processes = await agent.livingProcesses();
  agent.app.process().kill('SIGKILL');
  await until('all have ended', () => processes.every((pid) => !isAlive(pid)), 10_000);
});
