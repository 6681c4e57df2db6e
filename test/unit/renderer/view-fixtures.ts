import { STATES } from '../../../src/core/states.ts';
import type { OperationView, StatusView } from '../../../src/protocol/shapes.ts';

export const NOW = '2026-11-21T12:00:00.000Z';

export function operation(id: string, change: Partial<OperationView> = {}): OperationView {
  return {
    id,
    kind: 'file.upload',
    state: 'pending',
    phase: 'pending',
    resourceKey: `main/drop/${id}.txt`,
    folder: 'drop',
    path: `${id}.txt`,
    priority: 'normal',
    contentType: 'text/plain',
    bytesTotal: 1000,
    bytesDone: 0,
    attempts: 0,
    dueAt: null,
    gate: null,
    next: null,
    pausedUntil: null,
    verified: null,
    error: null,
    externalId: null,
    externalUrl: null,
    bytesPerSecond: null,
    etaSeconds: null,
    createdAt: NOW,
    startedAt: null,
    updatedAt: NOW,
    completedAt: null,
    ...change,
  };
}

export function counts(change: Partial<StatusView['counts']> = {}): StatusView['counts'] {
  const none = Object.fromEntries(STATES.map((state) => [state, 0])) as StatusView['counts'];
  return { ...none, ...change };
}

export function status(change: Partial<StatusView> = {}): StatusView {
  return {
    state: 'running',
    gates: [],
    counts: counts(),
    bytes: { pending: 0, done: 0 },
    work: null,
    bytesPerSecond: 0,
    etaSeconds: null,
    folders: [],
    destinations: [],
    attention: [],
    pausedUntil: null,
    engine: { version: '0.1.0', pid: 1, startedAt: NOW, epoch: 1, dataDir: '/data', configFile: null },
    configProblems: [],
    alarms: [],
    ...change,
  };
}

export function folder(change: Partial<StatusView['folders'][number]> = {}): StatusView['folders'][number] {
  return {
    name: 'drop',
    path: '/home/me/Drop',
    destination: 'main',
    prefix: 'drop/',
    state: 'ok',
    pausedUntil: null,
    error: null,
    degraded: null,
    files: 0,
    ignored: 0,
    lastScanAt: null,
    guard: null,
    ...change,
  };
}

export function destination(
  change: Partial<StatusView['destinations'][number]> = {},
): StatusView['destinations'][number] {
  return {
    name: 'main',
    endpoint: 'http://127.0.0.1:9000',
    bucket: 'demo',
    state: 'ok',
    error: null,
    nextTryAt: null,
    concurrency: 4,
    clockSkewSeconds: null,
    ...change,
  };
}
