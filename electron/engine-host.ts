import type { Channel } from '../src/protocol/channel.ts';
import type { EngineHostState } from '../src/protocol/bridge.ts';
import type { Notification, Result } from '../src/protocol/contract.ts';
import { RpcClient } from '../src/protocol/rpc-client.ts';
import { HEARTBEAT_TICK_MS, judgePulse } from './heartbeat.ts';
import { decideAfterDeath, type DeathReason } from './restart-policy.ts';

/** A started engine, however its process is made. */
export interface EngineProcess {
  readonly pid: number | undefined;
  readonly channel: Channel;
  /** Once, when it has ended or could not be started; with the last that it wrote to its error stream. */
  onExit(listener: (exitCode: number, lastWords: string) => void): void;
  /** Ends it at once, without giving it a chance. */
  kill(): void;
}

export interface EngineHostOptions {
  readonly start: () => EngineProcess;
  /** Every change, and why in words for people. */
  readonly onState: (state: EngineHostState) => void;
  /** The engine answers: its first status. After a restart again. */
  readonly onSnapshot: (snapshot: Result<'subscribe'>) => void;
  readonly onChanged: (changed: Notification<'changed'>) => void;
  readonly onEvent: (event: Notification<'event'>) => void;
  readonly explain: (reason: DeathReason, lastWords: string) => string;
  readonly log: (message: string) => void;
}

/** From the first start to the first answer; a large database may be brought up to date meanwhile. */
const firstAnswerDeadlineMs = 120_000;
/** The engine stops its transfers at their checkpoint within this time, or is ended. */
const stopDeadlineMs = 3_500;

/**
 * Keeps one engine alive: starts it, connects to it, watches its pulse, starts it again when it died, and ends it
 * cleanly. Holds no sync logic.
 */
export class EngineHost {
  readonly #options: EngineHostOptions;
  #state: EngineHostState = { state: 'starting', message: null, nextTryAt: null };
  #life: EngineLife | null = null;
  #deaths = 0;
  #restartTimer: NodeJS.Timeout | null = null;
  #stopping = false;
  #wantsEvents = false;

  constructor(options: EngineHostOptions) {
    this.#options = options;
  }

  get state(): EngineHostState {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#life?.process.pid;
  }

  /** The connection to an engine that answers; null while there is none. */
  get client(): RpcClient | null {
    return this.#state.state === 'running' ? (this.#life?.client ?? null) : null;
  }

  start(): void {
    if (this.#life === null && !this.#stopping) this.#begin();
  }

  /** Starts again now what waits for its turn, for a person or for a change of the configuration. */
  tryAgain(): void {
    if (this.#life !== null || this.#stopping) return;
    this.#deaths = 0;
    this.#setState('restarting', null, null);
    this.#begin();
  }

  /** Ends the present engine cleanly; the next one starts with what `start` then says (another configuration, say). */
  async restart(): Promise<void> {
    this.#setState('restarting', null, null);
    await this.stop();
    this.#stopping = false;
    this.#begin();
  }

  /** Says why no engine is started yet (the demo's server is missing, say). */
  explainDelay(state: 'starting' | 'failed', message: string): void {
    if (this.#life === null) this.#setState(state, message, null);
  }

  /** The machine slept: silence in that time proves nothing. */
  excuseSilence(): void {
    this.#life?.excuse();
  }

  /** The `subscribe` of a window: changes always flow, events as long as the window wants them. */
  async subscribe(events: boolean): Promise<Result<'subscribe'> | null> {
    this.#wantsEvents = events;
    return (await this.client?.call('subscribe', { changes: true, events })) ?? null;
  }

  /** Asks the engine to end, waits up to 3.5 s, then kills it. Resolves when no engine is left. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#restartTimer) clearTimeout(this.#restartTimer);
    this.#restartTimer = null;
    await this.#life?.end(stopDeadlineMs);
  }

  #begin(): void {
    if (this.#restartTimer) clearTimeout(this.#restartTimer);
    this.#restartTimer = null;
    const { onSnapshot, onChanged, onEvent, log, start } = this.#options;
    const life = new EngineLife(start(), log);
    this.#life = life;
    life.client.on('changed', onChanged);
    life.client.on('event', onEvent);
    life.process.onExit((exitCode, lastWords) => this.#ended(life, exitCode, lastWords));
    void this.#awaitFirstStatus(life, onSnapshot);
  }

  async #awaitFirstStatus(life: EngineLife, onSnapshot: EngineHostOptions['onSnapshot']): Promise<void> {
    try {
      const wanted = { changes: true, events: this.#wantsEvents };
      const snapshot = await life.client.call('subscribe', wanted, { deadlineMs: firstAnswerDeadlineMs });
      if (this.#life !== life) return;
      life.answered = true;
      this.#setState('running', null, null);
      onSnapshot(snapshot);
    } catch (error) {
      if (this.#life !== life || this.#stopping || life.isOver) return;
      this.#options.log(`the engine gave no first status: ${String(error)}`);
      life.process.kill();
    }
  }

  #ended(life: EngineLife, exitCode: number, lastWords: string): void {
    life.over();
    if (this.#life !== life) return;
    this.#life = null;
    this.#options.log(`engine ${life.process.pid} ended with ${exitCode} after ${Math.round(life.ageMs)} ms`);
    if (this.#stopping) return;
    const decision = decideAfterDeath({
      exitCode,
      uptimeMs: life.ageMs,
      deathsBefore: this.#deaths,
      wasRunning: life.answered,
      gaveReason: lastWords !== '',
    });
    this.#deaths = decision.deaths;
    const nextTryAt = decision.delayMs === null ? null : new Date(Date.now() + decision.delayMs).toISOString();
    this.#setState(decision.state, this.#options.explain(decision.reason, lastWords), nextTryAt);
    if (decision.delayMs === null) return;
    this.#restartTimer = setTimeout(() => this.#begin(), decision.delayMs);
  }

  #setState(state: EngineHostState['state'], message: string | null, nextTryAt: string | null): void {
    const before = this.#state;
    if (before.state === state && before.message === message && before.nextTryAt === nextTryAt) return;
    this.#state = { state, message, nextTryAt };
    this.#options.onState(this.#state);
  }
}

/** One process of the engine from its start to its end. */
class EngineLife {
  readonly process: EngineProcess;
  readonly client: RpcClient;
  answered = false;
  readonly #startedAtMs = performance.now();
  #lastHeardAtMs: number | null = null;
  #askedAtMs: number | null = null;
  #lastTickAtMs = performance.now();
  readonly #ticker: NodeJS.Timeout;
  readonly #log: (message: string) => void;
  #ended = false;
  readonly #over = Promise.withResolvers<void>();

  constructor(process: EngineProcess, log: (message: string) => void) {
    this.process = process;
    this.#log = log;
    this.client = new RpcClient(this.#heard(process.channel), { onProtocolError: log });
    this.#ticker = setInterval(() => this.#tick(), HEARTBEAT_TICK_MS);
  }

  get ageMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  excuse(): void {
    this.#lastTickAtMs = performance.now();
    this.#askedAtMs = null;
    if (this.#lastHeardAtMs !== null) this.#lastHeardAtMs = this.#lastTickAtMs;
  }

  get isOver(): boolean {
    return this.#ended;
  }

  over(): void {
    this.#ended = true;
    clearInterval(this.#ticker);
    this.client.close();
    this.#over.resolve();
  }

  async end(deadlineMs: number): Promise<void> {
    const killer = setTimeout(() => {
      this.#log(`engine ${this.process.pid} did not end within ${deadlineMs} ms and is killed`);
      this.process.kill();
    }, deadlineMs);
    // Its end is the answer; it may come before the reply.
    this.client.call('shutdown', {}, { deadlineMs }).catch(() => undefined);
    await this.#over.promise;
    clearTimeout(killer);
  }

  /** The same channel; notes whenever anything comes. */
  #heard(channel: Channel): Channel {
    return {
      send: (message) => channel.send(message),
      onMessage: (listener) =>
        channel.onMessage((message) => {
          this.#lastHeardAtMs = performance.now();
          this.#askedAtMs = null;
          listener(message);
        }),
      onClose: (listener) => channel.onClose(listener),
      close: () => channel.close(),
    };
  }

  #tick(): void {
    const nowMs = performance.now();
    const verdict = judgePulse({
      nowMs,
      lastTickAtMs: this.#lastTickAtMs,
      startedAtMs: this.#startedAtMs,
      lastHeardAtMs: this.#lastHeardAtMs,
      askedAtMs: this.#askedAtMs,
    });
    this.#lastTickAtMs = nowMs;
    if (verdict === 'excuse') this.excuse();
    if (verdict === 'ask') {
      this.#askedAtMs = nowMs;
      this.client.call('status', {}).catch(() => undefined);
    }
    if (verdict === 'gone') {
      this.#log(`engine ${this.process.pid} answers nothing and is killed`);
      this.process.kill();
    }
  }
}
