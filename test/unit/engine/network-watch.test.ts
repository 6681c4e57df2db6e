import type { NetworkInterfaceInfo } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  judgeNetwork,
  lookAtNetwork,
  networkState,
  NetworkWatch,
  parseRoutes,
  type NetworkLook,
  type NetworkVerdict,
} from '../../../src/engine/network-watch.ts';

function address(text: string, internal = false): NetworkInterfaceInfo {
  const facts = { address: text, netmask: '', mac: '', internal, cidr: `${text}/${text.includes(':') ? 64 : 24}` };
  return text.includes(':') ? { ...facts, family: 'IPv6', scopeid: 0 } : { ...facts, family: 'IPv4' };
}

const LOOPBACK = { lo: [address('127.0.0.1', true), address('::1', true)] };

function look(interfaces: NetworkLook['interfaces'], more: Partial<NetworkLook> = {}): NetworkLook {
  return {
    interfaces: { ...LOOPBACK, ...interfaces },
    nameServers: ['192.168.1.1'],
    gateway: 'eth0 0101A8C0',
    ...more,
  };
}

const HOME = look({ eth0: [address('192.168.1.20')] });
const NOWHERE = look({}, { nameServers: [], gateway: null });
const state = networkState;

describe('what a look at the network means', () => {
  it.each([
    ['nothing but the loopback', {}, false],
    ['an IPv4 address', { eth0: [address('10.0.0.5')] }, true],
    ['a global IPv6 address', { eth0: [address('2001:db8::5')] }, true],
    ['link-local addresses, which lead nowhere', { eth0: [address('169.254.7.7'), address('fe80::1')] }, false],
    ['an interface without addresses', { eth0: [] }, false],
  ])('connected: %s', (_name, interfaces, connected) => {
    expect(state(look(interfaces)).connected).toBe(connected);
  });

  it.each([
    ['another address', look({ eth0: [address('192.168.1.21')] })],
    ['another interface', look({ wlan0: [address('192.168.1.20')] })],
    ['one more interface', look({ eth0: [address('192.168.1.20')], tun0: [address('10.8.0.2')] })],
    ['another gateway', { ...HOME, gateway: 'eth0 FE01A8C0' }],
    ['another name server', { ...HOME, nameServers: ['10.8.0.1'] }],
    ['none', NOWHERE],
  ])('it is another network: %s', (_name, other) => {
    expect(judgeNetwork(state(other), state(HOME), null, false).changed).toBe(true);
  });

  it.each([
    ['the same', HOME],
    ['interfaces in another order', look({ tap0: [], eth0: [address('192.168.1.20')] })],
    ['a link-local address more', look({ eth0: [address('192.168.1.20'), address('fe80::1')] })],
  ])('it is the same network: %s', (_name, same) => {
    expect(judgeNetwork(state(same), state(HOME), null, false).changed).toBe(false);
  });

  it('takes an IPv6 address that changes within its network for the same, and another network for another', () => {
    const at = (text: string) => state(look({ eth0: [address(text)] }));
    const changed = (one: string, other: string) => judgeNetwork(at(one), at(other), null, false).changed;
    expect(changed('2001:db8:1:2:aaaa:bbbb:cccc:dddd', '2001:db8:1:2:1111:2222:3333:4444')).toBe(false);
    expect(changed('2001:db8:0:0:1::1', '2001:db8::5')).toBe(false);
    expect(changed('2001:db8:1:2::1', '2001:db8:1:3::1')).toBe(true);
  });

  it('knows nothing of a change at the first look', () => {
    expect(judgeNetwork(state(HOME), null, null, false)).toEqual({ offline: false, changed: false });
  });

  it('is offline without a usable interface, and when the host says so until a service answers all the same', () => {
    const offline = (...args: Parameters<typeof judgeNetwork>) => judgeNetwork(...args).offline;
    expect(offline(state(NOWHERE), null, 'online', true)).toBe(true);
    expect(offline(state(HOME), null, 'offline', false)).toBe(true);
    expect(offline(state(HOME), null, 'offline', true)).toBe(false);
    expect(offline(state(HOME), null, null, false)).toBe(false);
  });

  it('finds the default route in the kernel’s table', () => {
    const table = (rows: readonly string[]) =>
      ['Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT', ...rows, ''].join('\n');
    const local = 'eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0';
    expect(parseRoutes(table([local, 'eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0']))).toBe(
      'eth0 0101A8C0',
    );
    expect(parseRoutes(table([local]))).toBeNull();
    expect(parseRoutes('')).toBeNull();
  });

  it('reads this machine', () => {
    const real = lookAtNetwork();
    expect(Object.keys(real.interfaces).length).toBeGreaterThan(0);
    expect(state(real)).toEqual(state(lookAtNetwork()));
  });
});

describe('the watch', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function watching(first: NetworkLook) {
    let now = first;
    const verdicts: NetworkVerdict[] = [];
    const watch = new NetworkWatch({ look: () => now, onVerdict: (verdict) => verdicts.push(verdict) });
    return { watch, verdicts, become: (next: NetworkLook) => (now = next) };
  }

  it('tells within five seconds that the network went, and that it is back, each once', () => {
    const { watch, verdicts, become } = watching(HOME);
    vi.advanceTimersByTime(60_000);
    expect(verdicts).toEqual([]);
    become(NOWHERE);
    vi.advanceTimersByTime(5000);
    expect(verdicts).toEqual([{ offline: true, changed: true }]);
    become(HOME);
    vi.advanceTimersByTime(30_000);
    expect(verdicts.slice(1)).toEqual([{ offline: false, changed: true }]);
    watch.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('believes the host at once, and a service that answers more than the host', () => {
    const { watch, verdicts } = watching(HOME);
    watch.hostSays('offline');
    expect(verdicts).toEqual([{ offline: true, changed: false }]);
    expect(watch.doubtful).toBe(true);
    vi.advanceTimersByTime(20_000);
    expect(watch.offline, 'a look of its own does not overrule the host').toBe(true);
    watch.reachedSomething();
    expect(verdicts.slice(1)).toEqual([{ offline: false, changed: false }]);
    watch.hostSays('offline');
    expect(watch.offline, 'what was reached before the host spoke again counts no more').toBe(true);
    watch.hostSays('online');
    expect(watch.offline).toBe(false);
    watch.stop();
  });

  it('has no doubts without an interface', () => {
    const { watch } = watching(NOWHERE);
    watch.hostSays('offline');
    expect([watch.offline, watch.doubtful]).toEqual([true, false]);
    watch.reachedSomething();
    expect(watch.offline).toBe(true);
    watch.stop();
  });
});
