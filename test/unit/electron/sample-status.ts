import { STATES } from '../../../src/core/states.ts';
import type { OperationView, StatusView } from '../../../src/protocol/shapes.ts';

/** A quiet engine with one folder, unless said otherwise. */
export function sampleStatus(
  changes: Partial<Omit<StatusView, 'counts'>> & { readonly counts?: Partial<StatusView['counts']> } = {},
): StatusView {
  const none = Object.fromEntries(STATES.map((state) => [state, 0])) as StatusView['counts'];
  return {
    state: 'running',
    gates: [],
    bytes: { pending: 0, done: 0 },
    work: null,
    bytesPerSecond: 0,
    etaSeconds: null,
    folders: [sampleFolder('drop')],
    destinations: [],
    attention: [],
    pausedUntil: null,
    engine: { version: '1', pid: 1, startedAt: '2026-01-01T00:00:00Z', epoch: 1, dataDir: '/d', configFile: null },
    configProblems: [],
    alarms: [],
    ...changes,
    counts: { ...none, ...changes.counts },
  };
}

export function sampleFolder(name: string, state: 'ok' | 'frozen' = 'ok'): StatusView['folders'][number] {
  return {
    name,
    path: `/home/me/${name}`,
    destination: 'main',
    prefix: '',
    state,
    pausedUntil: null,
    error: null,
    degraded: null,
    files: 0,
    ignored: 0,
    lastScanAt: null,
    guard: null,
  };
}

export function sampleOperation(changes: Partial<OperationView> = {}): OperationView {
  return {
    id: 'op-1',
    kind: 'file.upload',
    state: 'running',
    phase: 'uploading',
    resourceKey: 'main/report.pdf',
    folder: 'drop',
    path: 'sub/report.pdf',
    priority: 'normal',
    contentType: null,
    bytesTotal: 100,
    bytesDone: 0,
    attempts: 1,
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
    createdAt: '2026-01-01T00:00:00Z',
    startedAt: null,
    updatedAt: '2026-01-01T00:00:00Z',
    completedAt: null,
    ...changes,
  };
}
