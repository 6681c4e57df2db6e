import type { LongshoreConfig } from '../config/config-types.ts';
import type { LongshoreError } from '../core/longshore-error.ts';
import type { GateKeeper, Service } from '../sync/gate-keeper.ts';
import { Knock } from './knock.ts';
import { isLoopback } from './lanes.ts';
import { ReachProbe } from './reach-probe.ts';
import type { CorePorts } from './sync-core-ports.ts';
import type { Targets } from './targets.ts';

export interface ReachabilityDeps {
  readonly ports: CorePorts;
  readonly config: () => LongshoreConfig;
  readonly gates: GateKeeper;
  readonly targets: Targets;
  readonly wake: () => void;
}

/** Which services can be reached: what requests tell is believed, and those out of reach are asked now and then. */
export class Reachability {
  readonly #deps: ReachabilityDeps;
  readonly #knock: Knock;
  readonly #probe: ReachProbe;

  constructor(deps: ReachabilityDeps) {
    const { ports, gates } = deps;
    this.#deps = deps;
    this.#knock = new Knock({ config: deps.config, targets: deps.targets, http: ports.http });
    this.#probe = new ReachProbe({
      ...ports,
      outOfReach: () => {
        if (gates.pausedUntil('all') !== null) return [];
        return gates.outOfReach().filter((service) => !gates.offline || this.#knock.isLocal(service));
      },
      reach: (service, signal) => this.#knock.at(service, signal),
      onReached: (service) => {
        this.heardFrom(service, null);
      },
    });
  }

  stop(): void {
    this.#probe.stop();
  }

  /** The services out of reach may be others by now. */
  update(): void {
    this.#probe.update();
  }

  /** Everything deserves a fresh look: what waits for a service to be back is tried now. */
  lookAgain(): void {
    this.#deps.gates.lookAgainNow();
    this.#probe.startOver();
  }

  setOffline(offline: boolean): void {
    this.#deps.gates.setOffline(offline);
    if (!offline) this.#probe.startOver();
  }

  /** What a request told of a service: it answered (null), or it could not be reached. */
  heardFrom(service: Service, unreachable: LongshoreError | null): void {
    const { gates, wake } = this.#deps;
    if (unreachable !== null) {
      gates.failedToReach(service, unreachable);
      this.#probe.update();
    } else if (gates.reached(service)) wake();
  }

  /** There is no network, and the destination is on another machine. */
  isOffline(destination: string): boolean {
    const config = this.#deps.config().destinations[destination];
    return config !== undefined && this.#deps.gates.offline && !isLoopback(config.endpoint);
  }

  /** Whether any destination on another machine answers; asked when a host says that there is no network. */
  anyAnswer(signal: AbortSignal): Promise<boolean> {
    return this.#knock.anywhere(signal);
  }
}
