import { isProbe, type Bucket } from './bucket.ts';
import { bucketNames, isElsewhere, keyPrefixOf, leavesOut } from './machine-config.ts';
import type { Version } from './object-history.ts';
import type { OperationFacts } from './outbox-view.ts';
import type { RemoteActions } from './remote-actions.ts';
import { hashOf, statOf, type SimNode } from './sim-disk.ts';
import type { SimMachine } from './sim-machine.ts';
import type { SimWorld } from './sim-world.ts';

const IGNORED = /\.(?:bak|tmp)$|(?:^|\/)\.longshore/;

/** What must hold when everything has come to rest. */
export function checkEnd(world: SimWorld, remote: RemoteActions): void {
  for (const machine of world.machines) {
    checkFiles(machine);
    checkMirrors(machine);
    machine.checkAcknowledged();
    checkUploads(machine);
    checkCalls(machine);
    checkRows(machine);
    checkEnded(machine);
    machine.local.checkEnd();
  }
  for (const { bucket, id } of remote.foreignUploads) {
    if (bucket.uploads.get(id)?.state !== 'open') world.violations.add('P7', `${id} of another hand was aborted`);
  }
}

/** P2: every file on disk is in the storage, or shown with a reason. */
function checkFiles(machine: SimMachine): void {
  const { world, outbox } = machine;
  for (const folder of machine.config.folders) {
    for (const { path, node } of machine.disk.files(folder.path)) {
      if (IGNORED.test(path) || leavesOut(folder, path)) continue;
      const slash = path.lastIndexOf('/');
      const row = outbox.file(folder.name, slash < 0 ? '' : path.slice(0, slash), path.slice(slash + 1));
      const where = `${folder.name}:${path}`;
      if (row === null || row.fingerprint === null) {
        world.violations.add('P2', `${where} was never taken`);
        continue;
      }
      const operation = row.operation === null ? null : outbox.byId(row.operation);
      if (operation === null) {
        world.violations.add('P2', `${where} has no operation`);
        continue;
      }
      if (row.fingerprint.startsWith('!')) {
        if (operation.state !== 'failed' && operation.state !== 'cancelled')
          world.violations.add('P2', `${where} has a problem that nobody sees: ${operation.state}`);
        continue;
      }
      if (row.fingerprint !== statOf(node).fingerprint) {
        world.violations.add('P2', `${where} changed, and the change was never taken`);
        continue;
      }
      // A name that can't be taken has no key.
      const hasKey = operation.target.normalize('NFC') !== path.normalize('NFC');
      if (hasKey && !operation.target.startsWith(keyPrefixOf(machine.config, folder)))
        world.violations.add('place', `${where} was taken for ${operation.target}, and goes elsewhere now`);
      checkOutcome(machine, where, machine.bucketOf(folder.destination), operation, node);
    }
  }
}

/** P2 the other way round: what was deleted from a mirrored folder is gone from the storage, or shown with a reason. */
function checkMirrors(machine: SimMachine): void {
  const { world, outbox, config, disk, name, removals } = machine;
  for (const folder of config.folders) {
    const bucket = machine.bucketOf(folder.destination);
    if (folder.mode !== 'mirror' || bucket === undefined) continue;
    const guarded = outbox.guardOf(folder.name) !== null || removals.refused.has(folder.name);
    const present = new Set(disk.files(folder.path).map(({ path }) => path.normalize('NFC')));
    const prefix = keyPrefixOf(config, folder);
    for (const key of bucket.keys()) {
      const path = key.slice(prefix.length);
      const version = bucket.current(key);
      if (!key.startsWith(prefix) || present.has(path) || version?.writer !== name) continue;
      if (isNobodys(machine, folder.name, version, path)) continue;
      // Only what a person removed.
      const file = `${folder.path}/${path}`;
      if (removals.removedAt(file) === null || removals.unfollowed.has(file) || guarded) continue;
      const resource = `${folder.destination}:${key}`;
      // A delete that a person cancelled says so, also when the content was copied from there since.
      const shown = [outbox.latestOn(resource), outbox.latestChangeOf(resource)].some(
        (operation) => operation !== null && ['failed', 'conflict', 'cancelled'].includes(operation.state),
      );
      if (!shown) world.violations.add('P2', `${folder.name}:${path} was deleted, and ${key} is still there`);
    }
  }
}

/**
 * No file of the folder stands for it: it was kept beside another's version, or is left from a time before the folder's files
 * went elsewhere and came back. A file that has its name since is another, until somebody can tell that it is the same.
 */
function isNobodys(
  { outbox, configuration }: SimMachine,
  folder: string,
  { key, etag, metadata, atMs }: Version,
  path: string,
): boolean {
  const id = metadata['longshore-op'] ?? '';
  const isBeside = (outbox.byId(id)?.path ?? path).normalize('NFC') !== path;
  const isLeft = atMs < configuration.placedSince(folder);
  return (isBeside || isLeft) && !outbox.isTakenUp(key, etag, id);
}

function checkOutcome(
  machine: SimMachine,
  where: string,
  bucket: Bucket | undefined,
  operation: OperationFacts,
  node: SimNode,
): void {
  const { state, errorCode } = operation;
  const { world, outbox } = machine;
  world.coverage.hit(`file ends ${state}`);
  if (state === 'failed' || state === 'conflict') {
    if (errorCode === null) world.violations.add('P2', `${where} is ${state} without a reason`);
    return;
  }
  if (state === 'cancelled') return;
  // An older operation of the same name waits for a person's word.
  const asked = outbox.waitsForDecision(operation.seq) || outbox.guardOf(operation.folder ?? '') !== null;
  if (state === 'pending' && asked && outbox.olderOn(operation.seq) !== null) return;
  // It gave way to a restore that has failed, which is shown; cancelled, it would be taken up again.
  const restores = outbox.inStates('failed').filter(({ kind }) => kind === 'file.download');
  const restoring = restores.some(({ folder, path }) => folder === operation.folder && path === operation.path);
  if (state === 'superseded' && restoring) return;
  if (state !== 'succeeded') {
    world.violations.add('P2', `${where} ends ${state}`);
    return;
  }
  const resolved = outbox.eventsOf(operation.id).findLast((event) => event.type === 'resolved');
  // Theirs stands there, by a person's word.
  const undone = outbox.onSameFile(operation).some((id) => outbox.isUndoing(id));
  if (resolved?.details['keep'] === 'remote' || undone) return;
  const history = bucket?.history.get(operation.target) ?? [];
  const hash = hashOf(node.bytes ?? new Uint8Array(0));
  const at = history.findLastIndex((version) => version.bytes !== null && version.hash === hash);
  if (at < 0) world.violations.add('P2', `${where} is ready, and ${operation.target} never had its bytes`);
  // A copy beside another's version was brought into the folder: a file of its own since, to be edited and removed.
  else if (outbox.restoredBeside(operation)) return;
  else if (history.slice(at + 1).some((version) => version.writer === machine.name))
    world.violations.add('P2', `${where} is ready, and we put other bytes in their place`);
}

/** P8: what a newer state has superseded, or a person cancelled, does not come back by itself. */
function checkEnded({ world, outbox }: SimMachine): void {
  for (const { id, told } of outbox.begunAfterTheirEnd()) world.violations.add('P8', `${id} began again after ${told}`);
}

/**
 * P7: no upload of ours is open but those of unfinished operations; others' are untouched. In a bucket that is not configured
 * any more nothing can be done: what is left there is remembered.
 */
function checkUploads({ world, outbox, name, config }: SimMachine): void {
  const named = bucketNames(config);
  const owned = outbox.ownedUploads();
  const later = outbox.cleanups().filter(({ place }) => isElsewhere(config, place));
  const remembered = [...owned, ...later];
  for (const bucket of world.buckets.values()) {
    const isNamed = named.has(bucket.name);
    const probes = bucket.keys().filter((key) => isProbe(key) && bucket.current(key)?.writer === name);
    for (const key of probes) {
      const known = outbox.remembersProbe(key) || later.some((cleanup) => cleanup.key === key);
      if (isNamed || !known) world.violations.add('P7', `${key} is left there`);
    }
    for (const upload of bucket.uploads.values()) {
      if (upload.state !== 'open' || upload.writer !== name) continue;
      world.coverage.hit(`upload open in a bucket that is ${isNamed ? '' : 'not '}configured`);
      const own = (isNamed ? owned : remembered).some(
        ({ uploadId, key }) => uploadId === upload.id || (uploadId === null && key === upload.object.key),
      );
      const remains = !isNamed && outbox.remembersProbe(upload.object.key);
      if (!own && !remains) world.violations.add('P7', `${upload.id} of ${upload.object.key} is left open`);
    }
  }
  const terminal = owned.filter(({ state }) => ['succeeded', 'cancelled', 'superseded', 'conflict'].includes(state));
  for (const { key, state } of terminal) world.violations.add('P7', `a ${state} operation owns an upload of ${key}`);
  for (const { key, place } of outbox.cleanups())
    if (!isElsewhere(config, place)) world.violations.add('P7', `the cleanup of ${key} is never done`);
}

/** P5: whatever became of a call, its effect came once, or not at all. */
function checkCalls({ world, outbox, calls }: SimMachine): void {
  for (const [tag, id] of calls) {
    const operation = outbox.byId(id);
    if (operation === null) {
      world.violations.add('P1', `${tag} was queued and is not there`);
      continue;
    }
    const provider = operation.lane.slice('provider:'.length);
    const service = world.services.get(provider);
    const effects = service?.effects.filter((effect) => effect.tag === tag) ?? [];
    const keys = service?.keysOf.get(tag)?.size ?? 0;
    world.coverage.hit(`call ends ${operation.state}`);
    if (keys > 1) world.violations.add('P5', `${tag} went out under ${keys} idempotency keys`);
    // A service forgets a key after a day: then PUT and DELETE may do again what they did.
    const remembered = provider === 'keyed' && !world.coverage.counts.has('clock jumps ahead');
    const once = remembered || ['POST', 'PATCH'].includes(operation.target.split(' ')[0] ?? '');
    if (once && effects.length > 1) world.violations.add('P5', `${tag} took effect ${effects.length} times`);
    const events = outbox.eventsOf(id);
    const decided = events.some((event) => event.type === 'resolved');
    const before = events.some((event) => event.details['result'] === 'done-before');
    if (operation.state === 'succeeded' && effects.length === 0 && !decided && !before)
      world.violations.add('P5', `${tag} succeeded without an effect`);
    if (operation.state === 'failed' && operation.errorCode === null)
      world.violations.add('P5', `${tag} failed without a reason`);
  }
}

/** The rows agree with each other. */
function checkRows({ world, database }: SimMachine): void {
  const { db } = database;
  const counted = db
    .prepare('SELECT lane, state, count(*) AS n, sum(bytes_done) AS done FROM operations GROUP BY 1, 2 ORDER BY 1, 2')
    .all();
  const kept = db
    .prepare('SELECT lane, state, operations AS n, bytes_done AS done FROM counters WHERE operations > 0 ORDER BY 1, 2')
    .all();
  if (JSON.stringify(counted) !== JSON.stringify(kept)) world.violations.add('bug', 'the counters are wrong');
  const broken = db.pragma('foreign_key_check') as unknown[];
  if (broken.length > 0) world.violations.add('bug', 'a row refers to nothing');
}
