/** Views as the contract has them, for tests of its two ends. */
import { STATES } from '../../src/core/states.ts';
import { RpcRefusal } from '../../src/protocol/rpc-errors.ts';
import type { RpcHandlers } from '../../src/protocol/rpc-server.ts';
import type { EventView, OperationDetail, OperationView, StatusView } from '../../src/protocol/shapes.ts';

export const NOW = '2026-07-01T12:00:00.000Z';

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
    createdAt: NOW,
    startedAt: null,
    updatedAt: NOW,
    completedAt: null,
    ...overrides,
  };
}

/** An operation on the file `ID.txt`. */
export function namedOperation(id: string, overrides: Partial<OperationView> = {}): OperationView {
  return operationView({ id, path: `${id}.txt`, resourceKey: `main:demo/drop/${id}.txt`, ...overrides });
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
    at: NOW,
    source: 'internal',
    correlationId: null,
    details: {},
    ...overrides,
  };
}

type StatusOverrides = Partial<Omit<StatusView, 'counts'>> & { readonly counts?: Partial<StatusView['counts']> };

/** A quiet engine without any folder. */
export function statusView(overrides: StatusOverrides = {}): StatusView {
  const none = Object.fromEntries(STATES.map((state) => [state, 0])) as StatusView['counts'];
  return {
    state: 'running',
    gates: [],
    bytes: { pending: 0, done: 0 },
    work: null,
    bytesPerSecond: 0,
    etaSeconds: null,
    folders: [],
    destinations: [],
    attention: [],
    pausedUntil: null,
    engine: { version: '0.1.0', pid: 4711, startedAt: NOW, epoch: 1, dataDir: '/data', configFile: null },
    configProblems: [],
    alarms: [],
    ...overrides,
    counts: { ...none, ...overrides.counts },
  };
}

type FolderStatus = StatusView['folders'][number];

/** A folder of the status that is well. */
export function folderStatus(overrides: Partial<FolderStatus> = {}): FolderStatus {
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
    ...overrides,
  };
}

type DestinationStatus = StatusView['destinations'][number];

/** A destination of the status that is well. */
export function destinationStatus(overrides: Partial<DestinationStatus> = {}): DestinationStatus {
  return {
    name: 'main',
    endpoint: 'https://s3.example.com',
    bucket: 'demo',
    state: 'ok',
    error: null,
    nextTryAt: null,
    concurrency: 4,
    clockSkewSeconds: null,
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
