import { LongshoreError } from '../../src/core/longshore-error.ts';
import type { ObjectStore, OnBytes, StoreSurroundings, WriteReply } from '../../src/core/ports.ts';
import { isProbe, refusal, type Bucket } from './bucket.ts';
import type { Version, Writer } from './object-history.ts';
import type { FaultPlan, RequestFault } from './faults.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { Life } from './virtual-time.ts';
import type { Course, Wire } from './wire.ts';

/** S3 refuses requests whose time is off by more than this, ms. */
const MAX_SKEW_MS = 15 * 60_000;
/** The adapter gives up on a connection on which nothing moves after this, ms. */
const STALL_MS = 30_000;
/** How late the effect of a request may come whose connection was closed, ms. A Create may linger longer than a write. */
const LATE_MS = 400;
const LATE_CREATE_MS = 3000;

/** The way to a service: whether it can be reached at all, and how it behaves. */
export interface Road {
  readonly wire: Wire;
  readonly faults: FaultPlan;
  readonly random: SeededRandom;
  reachable: boolean;
}

export interface SimStoreOptions {
  /** The destination's name. */
  readonly name: string;
  readonly road: Road;
  readonly bucket: Bucket;
  readonly life: Life;
  /** Another hand writes to the key at the very last moment. */
  readonly race: (key: string) => void;
  /** How wrong this machine's clock is. */
  readonly skewMs: () => number;
  readonly trueNow: () => number;
  /** Whose versions these are, for the checkers. */
  readonly writer: Writer;
  readonly surroundings: StoreSurroundings;
}

/** After these answers to Complete only a fresh upload helps. */
const START_OVER = new Set<string>(['s3.busy', 's3.checksum-mismatch']);

type Call =
  | 'head'
  | 'put'
  | 'create'
  | 'part'
  | 'list-parts'
  | 'complete'
  | 'abort'
  | 'list-uploads'
  | 'copy'
  | 'copy-part'
  | 'delete'
  | 'read'
  | 'probe';

/** What makes something visible, or takes it away. */
const WRITES: ReadonlySet<Call> = new Set(['put', 'complete', 'copy', 'delete']);
/** Bytes of a body that come at once. */
const CHUNK_BYTES = 48;

const EVERYWHERE: readonly RequestFault[] = [
  'refused',
  'denied',
  'reset-before',
  'reset-after',
  'error-before',
  'error-after',
  'slow-down',
  'stall-before',
  'stall-after',
];

/** An ObjectStore over a bucket of the simulation, with all that can go wrong on the way. */
export class SimStore implements ObjectStore {
  readonly #options: SimStoreOptions;

  constructor(options: SimStoreOptions) {
    this.#options = options;
  }

  head: ObjectStore['head'] = (key, signal, versionId) => {
    const { bucket, writer } = this.#options;
    let tick = 0;
    const effect = () => {
      if (versionId === undefined) tick = bucket.look();
      return bucket.head(key, versionId);
    };
    // A person may have looked meanwhile: what the engine goes by is the answer that it got last.
    const answered = () => {
      if (tick > 0) bucket.hasLooked(writer, key, tick);
    };
    return this.#send('head', key, effect, signal, { answered });
  };

  put: ObjectStore['put'] = (object, body, checksum, condition, onBytes, signal) => {
    const { bucket, writer } = this.#options;
    const sent = new Body(body, onBytes);
    const { tick } = bucket;
    const effect = () => bucket.put(object, sent.arrive(), checksum, condition, writer, tick);
    return this.#send('put', object.key, effect, signal, { sent }).then((reply) => this.#maybeBare(reply, 'put'));
  };

  createUpload: ObjectStore['createUpload'] = (object, algorithm, signal) =>
    this.#send(
      'create',
      object.key,
      () => this.#options.bucket.createUpload(object, algorithm, this.#options.writer),
      signal,
    );

  uploadPart: ObjectStore['uploadPart'] = async (key, uploadId, number, body, checksum, onBytes, signal) => {
    const { bucket } = this.#options;
    const sent = new Body(body, onBytes);
    const effect = () => bucket.uploadPart(key, uploadId, number, sent.arrive(), checksum);
    const part = await this.#send('part', `${key}#${uploadId}#${number}`, effect, signal, { sent });
    return { etag: part.etag, checksum: part.checksum };
  };

  listParts: ObjectStore['listParts'] = (key, uploadId, signal) =>
    this.#send('list-parts', key, () => this.#options.bucket.listParts(key, uploadId), signal);

  completeUpload: ObjectStore['completeUpload'] = async (key, uploadId, parts, checksum, condition, signal) => {
    const { bucket } = this.#options;
    const { tick } = bucket;
    const effect = () => bucket.completeUpload(key, uploadId, parts, checksum, condition, tick);
    try {
      return this.#maybeBare(await this.#send('complete', key, effect, signal), 'complete');
    } catch (error) {
      const startOver = error instanceof LongshoreError && START_OVER.has(error.code);
      const upload = bucket.uploads.get(uploadId);
      if (startOver && upload !== undefined) upload.mayRestart = true;
      throw error;
    }
  };

  abortUpload: ObjectStore['abortUpload'] = (key, uploadId, signal) =>
    this.#send('abort', key, () => this.#options.bucket.abortUpload(uploadId), signal);

  listUploads: ObjectStore['listUploads'] = (prefix, signal) =>
    this.#send('list-uploads', prefix, () => this.#options.bucket.listUploads(prefix), signal);

  copy: ObjectStore['copy'] = (source, object, condition, signal) => {
    const { bucket, writer } = this.#options;
    const { tick } = bucket;
    const effect = () => bucket.copy(source, object, condition, writer, tick);
    return this.#send('copy', object.key, effect, signal).then((reply) => this.#maybeBare(reply, 'copy'));
  };

  copyPart: ObjectStore['copyPart'] = async (key, uploadId, number, source, offset, sizeBytes, signal) => {
    const effect = () => this.#options.bucket.copyPart(key, uploadId, number, source, offset, sizeBytes);
    const part = await this.#send('copy-part', `${key}#${uploadId}#${number}`, effect, signal);
    return { etag: part.etag, checksum: part.checksum };
  };

  remove: ObjectStore['remove'] = (key, etag, signal) => {
    const { bucket, writer } = this.#options;
    const { tick } = bucket;
    return this.#send('delete', key, () => bucket.remove(key, etag, writer, tick), signal);
  };

  read: ObjectStore['read'] = async (source, offset, onChunk, signal) => {
    const body = async (bytes: Uint8Array) => {
      const cutAt = this.#options.road.faults.strikes('truncated', 'read')
        ? this.#options.road.random.below(bytes.byteLength + 1)
        : Number.POSITIVE_INFINITY;
      for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES) {
        await this.#chunk(signal);
        if (at >= cutAt) throw new LongshoreError('net.reset', { sent: true, subject: source.key });
        await onChunk(bytes.subarray(at, at + CHUNK_BYTES));
        signal.throwIfAborted();
      }
    };
    await this.#send('read', source.key, () => this.#options.bucket.read(source, offset), signal, { body });
  };

  probe: ObjectStore['probe'] = (signal) => this.#send('probe', '', () => undefined, signal);

  viewUrl(key: string): Promise<string> {
    return Promise.resolve(`https://storage.sim/${encodeURIComponent(key)}`);
  }

  refreshConnections(): void {
    // Connections belong to the wire.
  }

  close(): void {
    // Connections belong to the wire.
  }

  /** The time until the next piece of a body is there. */
  #chunk(signal: AbortSignal): Promise<void> {
    const { road, life } = this.#options;
    return road.wire.pause(life, road.random.fraction() * 20, signal);
  }

  #maybeBare(reply: WriteReply, call: Call): WriteReply {
    const bare = this.#options.road.faults.strikes('bare', call);
    return bare ? { ...reply, etag: null, checksums: [] } : reply;
  }

  #send<T>(
    call: Call,
    subject: string,
    effect: () => T | Promise<T>,
    signal: AbortSignal,
    with_: { readonly sent?: Body; readonly body?: (answer: T) => Promise<void>; readonly answered?: () => void } = {},
  ): Promise<T> {
    const { road, life, name, bucket, surroundings } = this.#options;
    let left: Version | null | undefined;
    const detach = () => {
      with_.sent?.detach();
      left = bucket.current(keyOf(subject));
    };
    // Left out on purpose: a write whose sender has gone and which arrives after others have changed the object there and
    // back again. Its If-Match holds then, as equal bytes have equal ETags; no client of S3 could tell (the weekly
    // verification does).
    const notThereAndBack = () => {
      if (left !== undefined && left !== bucket.current(keyOf(subject))) throw new Error('the object has moved on');
      return effect();
    };
    const writes = WRITES.has(call);
    const course = this.#course(call, keyOf(subject), () => (writes ? notThereAndBack() : effect()));
    const about = {
      label: call,
      subject: `${name}\0${subject}`,
      bucket: bucket.name,
      commit: writes && call !== 'put',
    };
    const body = with_.body === undefined ? {} : { body: with_.body };
    const replied = (status: number) => {
      // The Date header: whole seconds, and of the moment when the answer was made.
      const serverTime = Math.floor((this.#options.trueNow() - course.replyMs) / 1000) * 1000;
      if (life.alive)
        (surroundings as StoreSurroundings | undefined)?.onReply({
          serverTime,
          waitedMs: course.travelMs + course.replyMs,
          status,
        });
    };
    return road.wire.send(life, about, { ...course, ...body, detach }, signal).then(
      (answer) => {
        replied(200);
        with_.answered?.();
        return answer;
      },
      (error: unknown) => {
        const status = error instanceof LongshoreError ? error.context.status : undefined;
        if (status !== undefined) replied(status);
        throw error;
      },
    );
  }

  #course<T>(call: Call, key: string, effect: () => T | Promise<T>): Course<T> {
    const { road, race } = this.#options;
    const { faults, random } = road;
    const course: Course<T> = {
      travelMs: latency(random),
      replyMs: latency(random),
      effect,
      lateMs: call === 'create' ? LATE_CREATE_MS : LATE_MS,
    };
    const network = (code: 'net.reset' | 'net.stalled' | 'net.refused', sent: boolean) =>
      new LongshoreError(code, { sent, subject: key });
    if (!road.reachable) return { ...course, failure: network('net.refused', false), noEffect: true };
    if (Math.abs(this.#options.skewMs()) > MAX_SKEW_MS) {
      return { ...course, failure: refusal('s3.clock-skew', 403, key, 'RequestTimeTooSkewed'), noEffect: true };
    }
    const writes = WRITES.has(call);
    if (writes && faults.strikes('race', call)) {
      const late = effect;
      return {
        ...course,
        effect: () => {
          race(key);
          return late();
        },
      };
    }
    if (writes && call !== 'delete' && faults.strikes('busy', call)) {
      return { ...course, failure: refusal('s3.busy', 409, key, 'ConditionalRequestConflict'), noEffect: true };
    }
    if ((call === 'put' || call === 'complete' || call === 'part') && faults.strikes('mismatch', call)) {
      return { ...course, failure: refusal('s3.checksum-mismatch', 400, key, 'BadDigest'), noEffect: true };
    }
    // Rights don't come and go from one question to the next: then nobody could say what a probe may leave.
    const fault = faults.among(isProbe(key) ? EVERYWHERE.filter((kind) => kind !== 'denied') : EVERYWHERE, call);
    switch (fault) {
      case null:
        return course;
      case 'refused':
        return { ...course, failure: network('net.refused', false), noEffect: true };
      case 'denied':
        return { ...course, failure: refusal('s3.access-denied', 403, key, 'AccessDenied'), noEffect: true };
      case 'reset-before':
        return { ...course, failure: network('net.reset', true), noEffect: true };
      case 'reset-after':
        return { ...course, failure: network('net.reset', true) };
      case 'error-before':
      case 'error-after': {
        const failure = new LongshoreError('s3.server-error', { status: 500, sent: true, subject: key });
        return { ...course, failure, noEffect: fault === 'error-before' };
      }
      case 'slow-down': {
        const wait = random.chance(0.5) ? {} : { retryAfterMs: random.between(1, 20) * 1000 };
        const failure = new LongshoreError('s3.slow-down', { status: 503, sent: false, subject: key, ...wait });
        return { ...course, failure, noEffect: true };
      }
      case 'stall-before':
        return { ...course, travelMs: STALL_MS, failure: network('net.stalled', true), noEffect: true };
      case 'stall-after':
        return { ...course, replyMs: STALL_MS, failure: network('net.stalled', true) };
      case 'race':
      case 'busy':
      case 'mismatch':
      case 'bare':
      case 'truncated':
        throw new Error('handled above');
    }
  }
}

/** Mostly quick, sometimes slow, now and then very slow. */
export function latency(random: SeededRandom): number {
  const kind = random.fraction();
  if (kind < 0.75) return 1 + random.fraction() * 20;
  return kind < 0.97 ? random.fraction() * 500 : random.fraction() * 5000;
}

/** Parts add their upload and number to the key; keys of the scenario hold no "#". */
function keyOf(subject: string): string {
  return subject.split('#')[0] ?? subject;
}

/** A request's bytes. They are read when they arrive, not when they are given: until then the sender must leave them be. */
class Body {
  #bytes: Uint8Array;
  readonly #onBytes: OnBytes;

  constructor(bytes: Uint8Array, onBytes: OnBytes) {
    this.#bytes = bytes;
    this.#onBytes = onBytes;
  }

  arrive(): Uint8Array {
    this.#onBytes(this.#bytes.byteLength);
    return this.#bytes;
  }

  /** The connection is closed: what is in its buffers is on its own. */
  detach(): void {
    this.#bytes = Uint8Array.from(this.#bytes);
  }
}
