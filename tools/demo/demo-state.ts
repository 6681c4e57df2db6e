import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the demo keeps between starts, so that address and keys stay the same. */
export interface DemoState {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Tried first at the next start; 0: any. */
  readonly port: number;
}

const fileOf = (demoDir: string) => join(demoDir, 'demo.json');

/** The state of the last start, or a fresh one with random keys. */
export function readDemoState(demoDir: string): DemoState {
  mkdirSync(demoDir, { recursive: true, mode: 0o700 });
  try {
    const state = JSON.parse(readFileSync(fileOf(demoDir), 'utf8')) as Partial<DemoState>;
    if (typeof state.accessKeyId === 'string' && typeof state.secretAccessKey === 'string') {
      return { accessKeyId: state.accessKeyId, secretAccessKey: state.secretAccessKey, port: state.port ?? 0 };
    }
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') throw error;
  }
  return {
    accessKeyId: `DEMO${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(24).toString('base64url'),
    port: 0,
  };
}

export function writeDemoState(demoDir: string, state: DemoState): void {
  writeFileSync(fileOf(demoDir), `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
}
