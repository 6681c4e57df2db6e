import { afterEach, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { engineStateOf, isAlive, startAgentApp, type AgentApp } from './agent-app.ts';

let agent: AgentApp | undefined;

afterEach(async () => {
  await agent?.dispose();
  agent = undefined;
});

test('without a configuration the demo serves, the engine works with it, and both end with the app', async () => {
  agent = await startAgentApp({ configText: null });
  const app = agent;
  await until('the engine runs', async () => (await engineStateOf(app.window)) === 'running', 30_000);
  const status = await app.status();
  expect(status.folders[0]?.path).toContain('Longshore');
  await until('the storage answers', async () => (await app.status()).destinations[0]?.state === 'ok', 20_000);
  const processes = await app.livingProcesses();
  app.app.process().kill('SIGTERM');
  await until('all have ended', () => processes.every((pid) => !isAlive(pid)), 5500);
});
