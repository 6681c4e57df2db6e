import type { ErrorCode } from '../../core/error-table.ts';
import { checksumOf } from '../../core/checksum.ts';
import { LongshoreError } from '../../core/longshore-error.ts';
import type { Checksum, ObjectAttributes, ObjectStore, WriteCondition, WriteReply } from '../../core/ports.ts';
import { METADATA_OPERATION } from '../object-metadata.ts';
import {
  UNKNOWN_CAPABILITIES,
  type Answer,
  type Capabilities,
  type ConditionalWrite,
  type ConditionAnswer,
} from './capabilities.ts';
import { isConditionRefused } from './conditional-write.ts';

/** An ETag that no object has. */
const NO_SUCH_ETAG = '00000000000000000000000000000000';
const NO_BYTES_COUNTED = (): void => undefined;

/** The keys that one probe writes. */
export interface ProbeKeys {
  readonly main: string;
  readonly copy: string;
}

export function probeKeys(key: string): ProbeKeys {
  return { main: key, copy: `${key}-copy` };
}

/**
 * Finds out by trying what a service does with conditions, checksums and versions, over the ObjectStore port alone. Every
 * write that ought to be refused is one that does no harm when it is not. What lies at the keys afterwards is the caller's to
 * remove. Rejects with what ended it: no network, or not even the first write is allowed. `onPuts` hears what is known after
 * the first three of some thirty requests: all that a small file needs.
 */
export async function probeService(
  store: ObjectStore,
  keys: ProbeKeys,
  signal: AbortSignal,
  onPuts: (soFar: Capabilities) => void = () => undefined,
): Promise<Capabilities> {
  return await new Probe(store, keys, signal).run(onPuts);
}

class Probe {
  readonly #store: ObjectStore;
  readonly #keys: ProbeKeys;
  readonly #signal: AbortSignal;
  readonly #answers: Record<ConditionalWrite, ConditionAnswer> = { ...UNKNOWN_CAPABILITIES.conditions };
  #versions: Answer = 'unknown';
  #putChecksum: Answer = 'unknown';
  #multipartChecksum: Answer = 'unknown';
  #bodies = 0;

  constructor(store: ObjectStore, keys: ProbeKeys, signal: AbortSignal) {
    this.#store = store;
    this.#keys = keys;
    this.#signal = signal;
  }

  async run(onPuts: (soFar: Capabilities) => void): Promise<Capabilities> {
    const first = await this.#must('put-create', { kind: 'create' }, (condition) => this.#put(condition));
    this.#versions = first.versionId === null || first.versionId === 'null' ? 'no' : 'yes';
    await this.#answer('put-create', () => this.#put({ kind: 'create' }));
    await this.#answer('put-replace', () => this.#put({ kind: 'replace', etag: NO_SUCH_ETAG }));
    onPuts(this.#found());
    this.#putChecksum = await this.#reportsChecksum(this.#keys.main, first);
    await this.#unlessRefused(() => this.#complete());
    await this.#unlessRefused(() => this.#copyAndDelete());
    return this.#found();
  }

  #found(): Capabilities {
    return {
      conditions: { ...this.#answers },
      checksums: { put: this.#putChecksum, multipart: this.#multipartChecksum },
      versions: this.#versions,
    };
  }

  /**
   * A write that has to succeed for the rest to be found out; without its condition where the service refuses the request for
   * having one. The keys of a probe are its own.
   */
  async #must<T>(
    write: ConditionalWrite,
    condition: WriteCondition,
    attempt: (condition: WriteCondition | null) => Promise<T>,
  ): Promise<T> {
    try {
      return await attempt(condition);
    } catch (error) {
      if (!isConditionRefused(error)) throw error;
      const done = await attempt(null);
      this.#answers[write] = 'refused';
      return done;
    }
  }

  async #put(condition: WriteCondition | null): Promise<WriteReply> {
    const { body, checksum } = await this.#body();
    return await this.#store.put(
      this.#object(this.#keys.main),
      body,
      checksum,
      condition,
      NO_BYTES_COUNTED,
      this.#signal,
    );
  }

  /** A multipart upload of one part: two ends that ought to be refused, and one that is right. */
  async #complete(): Promise<void> {
    const { main } = this.#keys;
    const refusals = [
      ['complete-create', { kind: 'create' }],
      ['complete-replace', { kind: 'replace', etag: NO_SUCH_ETAG }],
    ] as const;
    for (const [write, condition] of refusals) {
      await this.#answer(write, () => this.#multipart(condition));
    }
    const present = await this.#store.head(main, this.#signal);
    if (present === null) return;
    const right = { kind: 'replace', etag: present.etag } as const;
    const reply = await this.#must('complete-replace', right, (condition) => this.#multipart(condition));
    this.#multipartChecksum = await this.#reportsChecksum(main, reply);
  }

  /** Each with an upload of its own: services differ in what a refused Complete leaves of one. */
  async #multipart(condition: WriteCondition | null): Promise<WriteReply> {
    const { main } = this.#keys;
    const { body, checksum } = await this.#body();
    const { uploadId } = await this.#store.createUpload(this.#object(main), checksum.algorithm, this.#signal);
    try {
      const part = await this.#store.uploadPart(main, uploadId, 1, body, checksum, NO_BYTES_COUNTED, this.#signal);
      const parts = [{ number: 1, etag: part.etag, checksum }];
      return await this.#store.completeUpload(main, uploadId, parts, checksum, condition, this.#signal);
    } catch (error) {
      if (!this.#signal.aborted) await this.#store.abortUpload(main, uploadId, this.#signal);
      throw error;
    }
  }

  async #copyAndDelete(): Promise<void> {
    const { main, copy } = this.#keys;
    const source = await this.#store.head(main, this.#signal);
    if (source === null) return;
    const from = { key: main, etag: source.etag, versionId: null };
    const target = this.#object(copy);
    const copied = (condition: WriteCondition | null) => this.#store.copy(from, target, condition, this.#signal);
    await this.#must('copy-create', { kind: 'create' }, copied);
    await this.#answer('copy-create', () => this.#store.copy(from, target, { kind: 'create' }, this.#signal));
    const wrongTarget = { kind: 'replace', etag: NO_SUCH_ETAG } as const;
    await this.#answer('copy-replace', () => this.#store.copy(from, target, wrongTarget, this.#signal));
    const present = await this.#store.head(copy, this.#signal);
    if (present === null) return;
    const right = { kind: 'replace', etag: present.etag } as const;
    const wrongSource = { ...from, etag: NO_SUCH_ETAG };
    await this.#answer('copy-source', () => this.#store.copy(wrongSource, target, right, this.#signal));
    await this.#answer('delete-match', () => this.#store.remove(copy, NO_SUCH_ETAG, this.#signal));
    // A service may say that it deleted and yet have looked at the condition.
    if (this.#answers['delete-match'] === 'no' && (await this.#store.head(copy, this.#signal)) !== null)
      this.#answers['delete-match'] = 'yes';
  }

  /** Tries a write whose condition does not hold. */
  async #answer(write: ConditionalWrite, attempt: () => Promise<unknown>): Promise<void> {
    try {
      await attempt();
      this.#answers[write] = 'no';
    } catch (error) {
      if (isConditionFailure(error)) this.#answers[write] = 'yes';
      else if (isConditionRefused(error)) this.#answers[write] = 'refused';
      else if (!isRefusal(error)) throw error;
    }
  }

  /** What the service does not know or does not allow stays unknown; the rest can be found out all the same. */
  async #unlessRefused(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isConditionFailure(error) && !isRefusal(error)) throw error;
    }
  }

  async #reportsChecksum(key: string, reply: WriteReply): Promise<Answer> {
    if (reply.checksums.length > 0) return 'yes';
    try {
      const remote = await this.#store.head(key, this.#signal);
      return remote !== null && remote.checksums.length > 0 ? 'yes' : 'no';
    } catch (error) {
      if (isRefusal(error)) return 'unknown';
      throw error;
    }
  }

  /** Never the same bytes twice: what a write has changed shows in the ETag. */
  async #body(): Promise<{ readonly body: Uint8Array; readonly checksum: Checksum }> {
    this.#bodies += 1;
    const body = new TextEncoder().encode(
      `Longshore found out here what this storage can do, and takes this away again. (${this.#bodies})\n`,
    );
    return { body, checksum: await checksumOf('CRC64NVME', body) };
  }

  #object(key: string): ObjectAttributes {
    return { key, contentType: 'text/plain', metadata: { [METADATA_OPERATION]: 'probe' } };
  }
}

/** The service looked at the condition. */
export function isConditionFailure(error: unknown): boolean {
  return error instanceof LongshoreError && (error.class === 'conflict' || error.context.status === 412);
}

/** An answer that will be the same next time: no rights, or no such feature. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof LongshoreError) || SET_RIGHT.has(error.code)) return false;
  return error.class === 'permanent' || error.class === 'business';
}

/** Wrong for now, and nothing about this request: what was written there is to be taken away when it is right again (P7). */
const SET_RIGHT: ReadonlySet<ErrorCode> = new Set([
  's3.clock-skew',
  's3.bad-credentials',
  'config.credentials-missing',
  'config.secret-missing',
  's3.no-such-bucket',
  's3.wrong-region',
]);
