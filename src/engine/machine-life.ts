import type { Params } from '../protocol/contract.ts';
import type { PowerState } from '../sync/gate-keeper.ts';
import type { HostProxies } from './host-proxies.ts';
import { NetworkWatch, type NetworkLook } from './network-watch.ts';
import { watchPower, type PowerSupply } from './power-watch.ts';
import type { SyncCore } from './sync-core.ts';

/** While a host says "offline" and the interfaces say otherwise, services are asked this often, ms. */
const DOUBT_PERIOD_MS = 30_000;
/** For all answers to that, ms. */
const DOUBT_LIMIT_MS = 10_000;

/** What of a core the machine's life touches. */
export type LivingCore = Pick<
  SyncCore,
  'setOffline' | 'setPower' | 'networkChanged' | 'wokeUp' | 'lookAgain' | 'anyAnswer'
> & { readonly gates: Pick<SyncCore['gates'], 'setOffline' | 'setPower'> };

export interface MachineLifeOptions {
  /** The core of the configuration in force. */
  readonly core: () => LivingCore;
  readonly proxies: HostProxies;
  readonly look: () => NetworkLook;
  readonly readSupplies: () => readonly PowerSupply[];
  readonly log: (message: string) => void;
}

/**
 * What happens to the machine around the engine, and what the core is told of it: the network goes, comes and changes, the
 * machine sleeps, runs on its battery, has a proxy. From looks of its own, and from the signals of a host that knows more.
 */
export class MachineLife {
  readonly #options: MachineLifeOptions;
  readonly #network: NetworkWatch;
  #power: PowerState = { onBattery: false, metered: false };
  #hostTellsPower = false;
  #stopPower: () => void = () => undefined;
  #doubt: NodeJS.Timeout | null = null;
  readonly #ending = new AbortController();

  constructor(options: MachineLifeOptions) {
    this.#options = options;
    this.#network = new NetworkWatch({
      look: options.look,
      onVerdict: ({ offline, changed }) => {
        const news = changed ? 'The network changed.' : 'The network is back.';
        this.#options.log(offline ? 'This computer has no network.' : news);
        this.#options.core().setOffline(offline);
        // Also where it looks the same: connections from before an interruption may be dead without knowing it.
        if (!offline) this.#options.core().networkChanged();
        this.#askInDoubt();
      },
    });
  }

  start(): void {
    this.#stopPower = watchPower((onBattery) => {
      if (!this.#hostTellsPower) this.#setPower({ ...this.#power, onBattery });
    }, this.#options.readSupplies);
  }

  /** Another core begins: it has to know before it starts. */
  adopt(core: LivingCore): void {
    core.gates.setOffline(this.#network.offline);
    core.gates.setPower(this.#power);
  }

  signal(params: Params<'host.signal'>): void {
    switch (params.signal) {
      case 'online':
      case 'offline':
        this.#network.hostSays(params.signal);
        this.#askInDoubt();
        return;
      case 'suspend':
        return;
      case 'resume':
        this.#network.lookNow();
        this.#options.core().wokeUp();
        return;
      case 'power':
        this.#hostTellsPower = true;
        this.#setPower({ ...this.#power, onBattery: params.onBattery });
        return;
      case 'metered':
        this.#setPower({ ...this.#power, metered: params.metered });
        return;
      case 'proxies':
        if (this.#options.proxies.tell(params.proxies)) this.#options.core().networkChanged();
    }
  }

  stop(): void {
    this.#network.stop();
    this.#stopPower();
    this.#ending.abort();
    if (this.#doubt !== null) clearTimeout(this.#doubt);
  }

  #setPower(power: PowerState): void {
    const { onBattery, metered } = this.#power;
    if (power.onBattery === onBattery && power.metered === metered) return;
    this.#power = power;
    this.#options.core().setPower(power);
  }

  /** The host may be wrong about the network: a service that answers settles it. */
  #askInDoubt(): void {
    if (this.#doubt !== null || !this.#network.doubtful || this.#ending.signal.aborted) return;
    this.#doubt = setTimeout(() => {
      this.#doubt = null;
      this.#askInDoubt();
    }, DOUBT_PERIOD_MS);
    this.#doubt.unref();
    void this.#askAnyone();
  }

  async #askAnyone(): Promise<void> {
    const limit = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(DOUBT_LIMIT_MS)]);
    if (await this.#options.core().anyAnswer(limit)) this.#network.reachedSomething();
  }
}
