/**
 * The demo for trying Longshore out: a local S3 stand-in with its data under the data directory, a watched folder, and a
 * configuration for both. Prints one line of JSON `{ configFile, endpoint, folder }` when ready; ends on a signal.
 */
import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultLocations } from '../../src/config/locations.ts';
import { startS3Server, type S3Server } from '../s3/server.ts';
import { DEMO_BUCKET, demoConfig } from './demo-config.ts';
import { readDemoState, writeDemoState, type DemoState } from './demo-state.ts';
import { seedFolder, seedStorage } from './seed.ts';

const { values } = parseArgs({ options: { data: { type: 'string' } }, strict: false });
const standard = defaultLocations({ platform: process.platform, env: process.env, homeDir: homedir() }).dataDir;
const dataDir = resolve(typeof values.data === 'string' ? values.data : standard);
const demoDir = join(dataDir, 'demo');
// With a data directory of its own (a test, a second try) the folder lies beside the data, not in the home directory.
const folder = dataDir === resolve(standard) ? join(homedir(), 'Longshore') : join(dataDir, 'Longshore');

async function startServer(state: DemoState): Promise<S3Server> {
  const options = {
    dataDir: join(demoDir, 'storage'),
    credentials: { accessKeyId: state.accessKeyId, secretAccessKey: state.secretAccessKey },
    buckets: [DEMO_BUCKET],
  };
  try {
    return await startS3Server({ ...options, port: state.port });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
      return await startS3Server({ ...options, port: 0 });
    throw error;
  }
}

const state = readDemoState(demoDir);
const server = await startServer(state);
writeDemoState(demoDir, { ...state, port: server.port });
await seedStorage(server.url, state);
seedFolder(folder);
const configFile = join(demoDir, 'config.yaml');
writeFileSync(configFile, demoConfig({ folder, endpoint: server.url, state }), { mode: 0o600 });
process.stdout.write(`${JSON.stringify({ configFile, endpoint: server.url, folder })}\n`);

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(signal, () => {
    void server.close().then(() => process.exit(0));
  });
}
