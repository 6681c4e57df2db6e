import { Buffer } from 'node:buffer';
import { LongshoreError } from '../../core/longshore-error.ts';
import type { Clock, EpochMs, Random } from '../../core/ports.ts';
import { asDatabaseError } from '../../db/database-error.ts';
import type { Repositories } from '../../db/repositories.ts';
import {
  honours,
  NOTHING_KNOWN,
  refuses,
  UNKNOWN_CAPABILITIES,
  type Capabilities,
  type ConditionalWrite,
  type KnownCapabilities,
} from './capabilities.ts';
import { readCapabilities, readIntent, storeCapabilities, storeIntent, type ProbeIntent } from './capability-store.ts';
import { gatedStore, GateClosed } from './gated-store.ts';
import { probeKeys, probeService } from './probe-service.ts';
import type { UploadTarget } from '../upload/upload-context.ts';
import { removeProbe, type ProbeSite } from './remove-probe.ts';

/** Services are updated, buckets get versioning: what was found out is looked at again, ms. */
const VALID_FOR_MS = 7 * 24 * 60 * 60_000;
/** Rights may be given at any time, ms. */
const DENIED_FOR_MS = 24 * 60 * 60_000;
/** After a probe that ended without a result; doubled each time, ms. */
const RETRY_MS = 60_000;
const RETRY_MAX_MS = 60 * 60_000;
/** What an engine that died had sent may still take effect: only then a look finds all that it left, ms. */
const LATE_MS = 60_000;
/** Nothing that a probe begun so long ago has sent is still on its way, ms: it is made up for at once. */
const LONG_AGO_MS = 10 * 60_000;
/** So long a probe under way may finish when the engine stops, ms: cut off, it has to be cleaned up at the next start. */
const STOP_GRACE_MS = 2000;
/** Where probes write, below the destination's prefix. */
const PROBE_DIRECTORY = '.longshore/';
/** In a file name of any service. */
const DEVICE_MAX_CHARACTERS = 40;

export interface ProbedDestination {
  readonly name: string;
  /** Names the place: another text means another service, bucket or prefix. */
  readonly place: string;
  /** As `storagePlace` has it. */
  readonly storage: string;
  readonly prefix: string;
  /** A folder goes there. Else only what an earlier probe has left there is taken away. */
  readonly used: boolean;
}

export interface CapabilityKeeperDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly random: Random;
  readonly device: string;
  /** Asked often: the same list until the configuration changes. */
  destinations(): readonly ProbedDestination[];
  target(destination: string): Pick<UploadTarget, 'store' | 'place'> | null;
  /** Nothing is sent while this is false (P9). */
  isOpen(destination: string): boolean;
  /** It has answered since the start: whoever is not there needs no questions. */
  wasReached(destination: string): boolean;
  readonly onChange: () => void;
  readonly onFatal: (error: unknown) => void;
}

interface Entry {
  readonly place: string;
  known: KnownCapabilities;
  dueAt: EpochMs;
  failures: number;
  /** A probe has written there, or is about to, and not taken it away yet. */
  intent: boolean;
}

/**
 * Knows what each destination can do: finds it out at the first connection, again every seven days and whenever the
 * configuration names another place; remembers it. Works in the background, one small request at a time, never holds up an
 * upload, and is no operation: until it knows, everything is taken to ignore conditions.
 */
export class CapabilityKeeper {
  readonly #deps: CapabilityKeeperDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #stopping = new AbortController();
  #working: Promise<void> | null = null;
  #stopped = false;
  #cancelTimer: () => void = () => undefined;

  constructor(deps: CapabilityKeeperDeps) {
    this.#deps = deps;
  }

  /** What is known of a destination now. */
  of(destination: string): KnownCapabilities {
    const probed = this.#deps.destinations().find(({ name }) => name === destination);
    return probed === undefined ? NOTHING_KNOWN : this.#entry(probed).known;
  }

  honours(destination: string, write: ConditionalWrite): boolean {
    return honours(this.of(destination).capabilities, write);
  }

  refuses(destination: string, write: ConditionalWrite): boolean {
    return refuses(this.of(destination).capabilities, write);
  }

  /** Something may be due: a service was reached, a gate opened, the configuration changed. Cheap. */
  wake(): void {
    if (this.#working !== null || this.#stopped) return;
    const due = this.#due();
    if (due === null) {
      this.#armTimer();
      return;
    }
    this.#working = this.#probe(due)
      .catch((error: unknown) => {
        // The engine has to end: to try again at once would keep it from that.
        this.#stopped = true;
        if (!this.#stopping.signal.aborted) this.#deps.onFatal(error);
      })
      .finally(() => {
        this.#working = null;
        this.#armTimer();
        this.wake();
      });
  }

  /** A probe under way may finish, for a moment. */
  async stop(): Promise<void> {
    const abort = (): void => {
      this.#stopping.abort(new Error('the engine stops'));
    };
    const cancel = this.#working === null ? null : this.#deps.clock.setTimer(STOP_GRACE_MS, abort);
    this.#stopped = true;
    this.#cancelTimer();
    await this.#working;
    cancel?.();
    abort();
  }

  #due(): ProbedDestination | null {
    const now = this.#deps.clock.now();
    for (const destination of this.#deps.destinations()) {
      const entry = this.#entry(destination);
      const { name, used } = destination;
      // The clock was set back since: no wait is that long.
      if ((entry.intent || entry.failures > 0) && entry.dueAt > now + waitMs(entry.failures)) entry.dueAt = now;
      const { dueAt, intent } = entry;
      // What a probe has left there is taken away also when nothing else leads there (P7).
      const wanted = intent || (used && this.#deps.wasReached(name));
      if (dueAt <= now && wanted && this.#deps.isOpen(name)) return destination;
    }
    return null;
  }

  /** A probe that failed with something left there is taken up again by itself. */
  #armTimer(): void {
    this.#cancelTimer();
    if (this.#stopped) return;
    const now = this.#deps.clock.now();
    const due = [...this.#entries.values()].filter(({ intent, dueAt }) => intent && dueAt > now);
    if (due.length === 0) return;
    const delayMs = Math.min(RETRY_MAX_MS, Math.min(...due.map(({ dueAt }) => dueAt)) - now);
    this.#cancelTimer = this.#deps.clock.setTimer(delayMs, () => {
      this.wake();
    });
  }

  #entry({ name, place, storage }: ProbedDestination): Entry {
    const cached = this.#entries.get(name);
    if (cached?.place === place) return cached;
    const known = readCapabilities(this.#deps.repos.settings, name, place);
    const left = readIntent(this.#deps.repos.settings, name, storage);
    const now = this.#deps.clock.now();
    // Runs that are shorter than the wait, one after another, have to come to it as well.
    const clearAt = left === null ? 0 : Math.min(now + LATE_MS, left.at + LONG_AGO_MS);
    const dueAt = left === null ? this.#dueAt(known) : clearAt;
    const entry: Entry = { place, known, dueAt, failures: 0, intent: left !== null };
    this.#entries.set(name, entry);
    return entry;
  }

  #dueAt({ checkedAt, denied, leftover }: KnownCapabilities): EpochMs {
    if (checkedAt === null) return 0;
    // Each look would leave one more object there.
    if (leftover !== null) return Number.MAX_SAFE_INTEGER;
    // A time ahead of now was taken from a clock that has been set back since.
    return checkedAt > this.#deps.clock.now() ? 0 : checkedAt + (denied ? DENIED_FOR_MS : VALID_FOR_MS);
  }

  async #probe(destination: ProbedDestination): Promise<void> {
    const { repos, clock, onChange } = this.#deps;
    const { name, place, prefix } = destination;
    const entry = this.#entry(destination);
    const target = this.#deps.target(name);
    if (target === null) return;
    const { signal } = this.#stopping;
    const store = gatedStore(target.store, () => this.#deps.isOpen(name));
    const site: ProbeSite = { store, destination: name, place: target.place };
    try {
      await this.#clearDead(site);
      entry.intent = false;
      if (!destination.used) return;
      const intent = { storage: site.place, key: this.#key(prefix), at: clock.now() };
      entry.intent = true;
      storeIntent(repos.settings, name, intent);
      const known = await this.#ask(site, intent, (soFar) => {
        // What an earlier probe has found out in full holds until this one ends.
        if (entry.known.checkedAt !== null) return;
        entry.known = { ...entry.known, capabilities: soFar };
        onChange();
      });
      storeCapabilities(repos.settings, name, place, known);
      this.#entries.set(name, { place, known, dueAt: this.#dueAt(known), failures: 0, intent: false });
      onChange();
    } catch (error) {
      if (signal.aborted) return;
      const full = asDatabaseError(error, '')?.kind === 'full';
      if (!(error instanceof LongshoreError) && !(error instanceof GateClosed) && !full) throw error;
      // Behind a gate it waits for the gate; the intent stays until what was written is gone.
      if (error instanceof GateClosed) return;
      entry.failures += 1;
      entry.dueAt = clock.now() + waitMs(entry.failures);
    }
  }

  /** What a probe that was cut off has left goes first. */
  async #clearDead(site: ProbeSite): Promise<void> {
    const { repos, clock, onChange } = this.#deps;
    const intent = readIntent(repos.settings, site.destination, site.place);
    if (intent === null) return;
    const remains = { ...site, repos, intent, cutOff: true };
    await removeProbe(remains, () => clock.now(), this.#stopping.signal);
    onChange();
  }

  async #ask(site: ProbeSite, intent: ProbeIntent, onPuts: (soFar: Capabilities) => void): Promise<KnownCapabilities> {
    const { repos, clock } = this.#deps;
    const { signal } = this.#stopping;
    let capabilities = UNKNOWN_CAPABILITIES;
    let denied = false;
    try {
      capabilities = await probeService(site.store, probeKeys(intent.key), signal, onPuts);
    } catch (error) {
      if (!isDenied(error)) throw error;
      denied = true;
    }
    const remains = { ...site, repos, intent, cutOff: false };
    const leftover = await removeProbe(remains, () => clock.now(), signal);
    return { checkedAt: clock.now(), denied: denied || leftover !== null, leftover, capabilities };
  }

  #key(prefix: string): string {
    const device = this.#deps.device.replaceAll(/[^A-Za-z0-9.-]+/g, '-').slice(0, DEVICE_MAX_CHARACTERS);
    const random = Buffer.from(this.#deps.random.bytes(8)).toString('hex');
    return `${prefix}${PROBE_DIRECTORY}probe-${device}-${random}`;
  }
}

/** After so many failures; after none, for what may still be on its way. */
function waitMs(failures: number): number {
  return failures === 0 ? LATE_MS : Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** (failures - 1));
}

/** The keys are good but may not do this. Anything else that is wrong with a destination is set right and looked at again. */
function isDenied(error: unknown): boolean {
  if (!(error instanceof LongshoreError)) return false;
  return ['s3.access-denied', 's3.not-supported', 's3.rejected'].includes(error.code);
}
