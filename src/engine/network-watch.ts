import { Resolver } from 'node:dns';
import { readFileSync } from 'node:fs';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';

/** How often the machine is looked at, ms; it costs a tenth of a millisecond. A host's signal comes sooner. */
const LOOK_EVERY_MS = 5000;

/** The machine's network as it is now. */
export interface NetworkLook {
  readonly interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[]>>;
  readonly nameServers: readonly string[];
  /** The gateway of the default route, in whatever form the system names it; null: none, or not known. */
  readonly gateway: string | null;
}

export interface NetworkState {
  /** Some interface but the loopback has an address that leads anywhere. */
  readonly connected: boolean;
  /** Another identity: connections and names from before are not to be trusted. */
  readonly identity: string;
}

/** What a look means. Link-local addresses lead nowhere, and an IPv6 address that changes inside its network is normal. */
export function networkState(look: NetworkLook): NetworkState {
  const places = Object.entries(look.interfaces)
    .flatMap(([name, addresses]) => addresses.filter(leadsSomewhere).map((address) => `${name} ${placeOf(address)}`))
    .sort();
  const facts = [
    ...new Set(places),
    `gateway ${look.gateway ?? '-'}`,
    ...look.nameServers.map((name) => `dns ${name}`),
  ];
  return { connected: places.length > 0, identity: facts.join('\n') };
}

function leadsSomewhere({ internal, address, family }: NetworkInterfaceInfo): boolean {
  if (internal) return false;
  return family === 'IPv4' ? !address.startsWith('169.254.') : !/^fe[89ab]/i.test(address);
}

/** IPv4: the address itself. IPv6: its network, as the address within changes by the hour (RFC 8981). */
function placeOf({ address, family, cidr }: NetworkInterfaceInfo): string {
  if (family === 'IPv4') return cidr ?? address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - groups.length - after.length) }, () => '0');
  return `${[...groups, ...middle, ...after].slice(0, 4).join(':')}::/64`;
}

/** What the host (Electron) says; null: nothing yet, or there is none. */
export type HostWord = 'online' | 'offline' | null;

export interface NetworkVerdict {
  readonly offline: boolean;
  /** Whether it is another network than at the look before. */
  readonly changed: boolean;
}

/**
 * Whether the machine is offline. No usable interface: certainly. A host that says so is believed until a service has been
 * reached all the same, as hosts are wrong about some virtual and bridged interfaces.
 */
export function judgeNetwork(
  state: NetworkState,
  before: NetworkState | null,
  host: HostWord,
  reachedSinceHostSaid: boolean,
): NetworkVerdict {
  const offline = !state.connected || (host === 'offline' && !reachedSinceHostSaid);
  return { offline, changed: before !== null && before.identity !== state.identity };
}

export interface NetworkWatchOptions {
  readonly look: () => NetworkLook;
  /** After every look that says something new. */
  readonly onVerdict: (verdict: NetworkVerdict) => void;
}

/** Looks at the machine's network now and then, and when it is told to. */
export class NetworkWatch {
  readonly #options: NetworkWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #state: NetworkState;
  #host: HostWord = null;
  #reached = false;
  #offline: boolean;

  constructor(options: NetworkWatchOptions) {
    this.#options = options;
    this.#state = networkState(options.look());
    this.#offline = judgeNetwork(this.#state, null, null, false).offline;
    this.#timer = setInterval(() => {
      this.lookNow();
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  get offline(): boolean {
    return this.#offline;
  }

  /** Whether a host says "offline" while the interfaces look fine: worth a try. */
  get doubtful(): boolean {
    return this.#offline && this.#state.connected;
  }

  lookNow(): void {
    const before = this.#state;
    this.#state = networkState(this.#options.look());
    this.#judge(before);
  }

  hostSays(word: Exclude<HostWord, null>): void {
    this.#host = word;
    this.#reached = false;
    this.lookNow();
  }

  /** A service of another machine answered. */
  reachedSomething(): void {
    if (!this.doubtful) return;
    this.#reached = true;
    this.#judge(this.#state);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #judge(before: NetworkState): void {
    const verdict = judgeNetwork(this.#state, before, this.#host, this.#reached);
    const isNews = verdict.changed || verdict.offline !== this.#offline;
    this.#offline = verdict.offline;
    if (isNews) this.#options.onVerdict(verdict);
  }
}

/** The real look. The gateway is known on Linux alone; elsewhere addresses and name servers tell as much. */
export function lookAtNetwork(): NetworkLook {
  const interfaces: Record<string, readonly NetworkInterfaceInfo[]> = {};
  for (const [name, addresses] of Object.entries(networkInterfaces())) interfaces[name] = addresses ?? [];
  // The process's own resolver keeps the servers that it found at its start; a new one reads them anew.
  return { interfaces, nameServers: new Resolver().getServers(), gateway: defaultGateway() };
}

function defaultGateway(): string | null {
  if (process.platform !== 'linux') return null;
  try {
    return parseRoutes(readFileSync('/proc/net/route', 'utf8'));
  } catch {
    return null;
  }
}

/** The interface and gateway of the default route in the kernel's table (proc(5)), or null. */
export function parseRoutes(table: string): string | null {
  for (const line of table.split('\n').slice(1)) {
    const [name, destination, gateway, , , , , mask] = line.trim().split(/\s+/);
    if (destination === '00000000' && mask === '00000000') return `${name} ${gateway}`;
  }
  return null;
}
