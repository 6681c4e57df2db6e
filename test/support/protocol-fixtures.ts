/** Views as the contract has them, for tests of its two ends. */
import { RpcRefusal } from '../../src/protocol/rpc-errors.ts';
import type { RpcHandlers } from '../../src/protocol/rpc-server.ts';
import type { EventView, OperationDetail, OperationView, StatusView } from '../../src/protocol/shapes.ts';

const AT = '2026-07-01T12:00:00.000Z';

export function operationView(overrides: Partial<OperationView> = {}): OperationView {
  return {
    id: '01980000-0000-7000-8000-000000000001',
    kind: 'file.upload',
    state: 'pending',
    phase: 'pending',
    resourceKey: 'main:demo/drop/a.txt',
    folder: 'drop',
    path: 'a.txt',
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
    createdAt: AT,
    startedAt: null,
    updatedAt: AT,
    completedAt: null,
    ...overrides,
  };
}

export function operationDetail(overrides: Partial<OperationDetail> = {}): OperationDetail {
  return {
    ...operationView(),
    events: [eventView()],
    parts: [],
    steps: [],
    versions: { base: null, remote: null, local: null },
    response: null,
    ...overrides,
  };
}

export function eventView(overrides: Partial<EventView> = {}): EventView {
  return {
    seq: 1,
    id: 'event-1',
    operationId: '01980000-0000-7000-8000-000000000001',
    resourceKey: 'main:demo/drop/a.txt',
    type: 'upload.queued',
    from: null,
    to: 'pending',
    at: AT,
    source: 'internal',
    correlationId: null,
    details: {},
    ...overrides,
  };
}

export function statusView(overrides: Partial<StatusView> = {}): StatusView {
  return {
    state: 'running',
    gates: [],
    counts: {
      pending: 0,
      running: 0,
      waiting: 0,
      conflict: 0,
      failed: 0,
      compensating: 0,
      succeeded: 0,
      cancelled: 0,
      superseded: 0,
    },
    bytes: { pending: 0, done: 0 },
    work: null,
    bytesPerSecond: 0,
    etaSeconds: null,
    folders: [],
    destinations: [],
    attention: [],
    pausedUntil: null,
    engine: { version: '0.1.0', pid: 4711, startedAt: AT, epoch: 1, dataDir: '/data', configFile: null },
    configProblems: [],
    alarms: [],
    ...overrides,
  };
}

/** An engine that has one pending upload, and says yes to everything it can. */
export function plainHandlers(overrides: Partial<RpcHandlers> = {}): RpcHandlers {
  return {
    hello: () => Promise.resolve({ version: '0.1.0', pid: 4711 }),
    status: () => Promise.resolve(statusView()),
    ls: () => Promise.resolve({ items: [operationView()], next: null }),
    conflicts: () => Promise.resolve({ items: [], next: null }),
    show: ({ id }) => Promise.resolve(operationDetail({ id })),
    pause: () => Promise.resolve(statusView({ state: 'paused', pausedUntil: 'forever' })),
    resume: () => Promise.resolve(statusView()),
    retry: ({ ids }) => Promise.resolve({ retried: ids, refused: [] }),
    restore: () => Promise.resolve(operationView({ kind: 'file.download' })),
    cancel: ({ ids }) => Promise.resolve({ cancelled: ids, refused: [] }),
    resolve: ({ ids }) => Promise.resolve({ resolved: ids, refused: [] }),
    undo: ({ ids }) => Promise.resolve({ undone: ids.map((id) => ({ id, operationId: `undo-${id}` })), refused: [] }),
    call: ({ method, target }) =>
      Promise.resolve(
        operationView({ kind: 'api.call', folder: null, path: null, resourceKey: `${method} ${target}` }),
      ),
    events: () => Promise.resolve({ items: [eventView()], next: null }),
    'folder.add': ({ paths }) => Promise.resolve({ copied: paths.length, refused: [] }),
    'folder.adopt': ({ folder }) => Promise.resolve({ folder }),
    'deletes.ls': () => Promise.resolve({ items: [] }),
    'deletes.decide': (asked) => Promise.resolve({ ...asked, files: 0 }),
    'uploads.ls': () => Promise.resolve({ items: [], failed: [] }),
    'uploads.abort': ({ uploads }) => Promise.resolve({ aborted: uploads.length }),
    rescan: nothing,
    viewUrl: () => Promise.resolve({ url: 'https://example.com/a.txt' }),
    localPath: () => Promise.resolve({ path: '/home/me/Drop/a.txt' }),
    'secret.set': nothing,
    'secret.ls': () => Promise.resolve({ names: [] }),
    'secret.rm': () => Promise.resolve({ removed: false }),
    subscribe: () => Promise.resolve({ seq: 0, status: statusView() }),
    'host.signal': nothing,
    shutdown: nothing,
    ...overrides,
  };
}

function nothing(): Promise<Record<string, never>> {
  return Promise.resolve({});
}

export function refusal(message: string): RpcRefusal {
  return new RpcRefusal({ kind: 'state', message, hint: 'Do something else.' });
}
