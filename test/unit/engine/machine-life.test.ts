import type { NetworkInterfaceInfo } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HostProxies } from '../../../src/engine/host-proxies.ts';
import { MachineLife, type LivingCore } from '../../../src/engine/machine-life.ts';
import type { NetworkLook } from '../../../src/engine/network-watch.ts';
import type { PowerSupply } from '../../../src/engine/power-watch.ts';

const ETHERNET: NetworkInterfaceInfo = {
  address: '192.168.1.20',
  netmask: '255.255.255.0',
  family: 'IPv4',
  mac: '',
  internal: false,
  cidr: '192.168.1.20/24',
};
const HOME: NetworkLook = { interfaces: { eth0: [ETHERNET] }, nameServers: [], gateway: null };
const NOWHERE: NetworkLook = { interfaces: {}, nameServers: [], gateway: null };
const UNPLUGGED: PowerSupply = { type: 'Battery', scope: null, online: null, status: 'Discharging' };

function makeLife(first: NetworkLook = HOME) {
  const told: string[] = [];
  const machine = { network: first, supplies: [] as PowerSupply[], answers: false };
  const note =
    (what: string) =>
    (...args: readonly unknown[]) => {
      told.push([what, ...args.map((arg) => JSON.stringify(arg))].join(' '));
    };
  const core: LivingCore = {
    setOffline: note('offline'),
    setPower: note('power'),
    networkChanged: note('network changed'),
    wokeUp: note('woke up'),
    lookAgain: note('look again'),
    anyAnswer: () => {
      told.push('asked');
      return Promise.resolve(machine.answers);
    },
    gates: { setOffline: note('gate offline'), setPower: note('gate power') },
  };
  const proxies = new HostProxies();
  const life = new MachineLife({
    core: () => core,
    proxies,
    look: () => machine.network,
    readSupplies: () => machine.supplies,
    log: () => undefined,
  });
  life.start();
  return { life, core, told, machine, proxies };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('what the core is told of the machine', () => {
  it('the network went, and came back: waits end and connections are made anew', async () => {
    const { life, told, machine } = makeLife();
    machine.network = NOWHERE;
    await vi.advanceTimersByTimeAsync(5000);
    expect(told).toEqual(['offline true']);
    machine.network = HOME;
    await vi.advanceTimersByTimeAsync(5000);
    expect(told.slice(1)).toEqual(['offline false', 'network changed']);
    life.stop();
  });

  it('another network, without having been offline', async () => {
    const { life, told, machine } = makeLife();
    machine.network = { ...HOME, nameServers: ['10.8.0.1'] };
    await vi.advanceTimersByTimeAsync(5000);
    expect(told).toEqual(['offline false', 'network changed']);
    life.stop();
  });

  it('a host that says offline is believed over several looks, and doubted by asking a service', async () => {
    const { life, told, machine } = makeLife();
    life.signal({ signal: 'offline' });
    await vi.advanceTimersByTimeAsync(61_000);
    expect(told).toEqual(['offline true', 'asked', 'asked', 'asked']);
    machine.answers = true;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(told.slice(4)).toEqual(['asked', 'offline false', 'network changed']);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(told).toHaveLength(7);
    life.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a host that says offline is not doubted without an interface', async () => {
    const { life, told } = makeLife(NOWHERE);
    life.signal({ signal: 'offline' });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(told).toEqual([]);
    life.stop();
  });

  it('sleep: a waking machine looks at everything anew, the network first', () => {
    const { life, told, machine } = makeLife();
    life.signal({ signal: 'suspend' });
    expect(told).toEqual([]);
    machine.network = NOWHERE;
    life.signal({ signal: 'resume' });
    expect(told).toEqual(['offline true', 'woke up']);
    life.stop();
  });

  it('power: what is seen here, until a host knows better', async () => {
    const { life, told, machine } = makeLife();
    machine.supplies = [UNPLUGGED];
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told).toEqual(['power {"onBattery":true,"metered":false}']);
    life.signal({ signal: 'power', onBattery: false });
    life.signal({ signal: 'power', onBattery: false });
    life.signal({ signal: 'metered', metered: true });
    machine.supplies = [];
    await vi.advanceTimersByTimeAsync(10_000);
    machine.supplies = [UNPLUGGED];
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told.slice(1)).toEqual([
      'power {"onBattery":false,"metered":false}',
      'power {"onBattery":false,"metered":true}',
    ]);
    life.stop();
  });

  it('proxies, where they are news', () => {
    const { life, told, proxies } = makeLife();
    const signal = {
      signal: 'proxies',
      proxies: { 'https:': 'http://proxy:3128', 'https://s3.example': null },
    } as const;
    life.signal(signal);
    life.signal(signal);
    expect(told).toEqual(['network changed']);
    expect(proxies.of('https://s3.example')).toBeNull();
    expect(proxies.of('https://other.example')).toBe('http://proxy:3128');
    expect(proxies.of('http://other.example')).toBeUndefined();
    life.stop();
  });

  it('a core that begins later is told before it starts', () => {
    const { life, told, core, machine } = makeLife();
    machine.network = NOWHERE;
    life.signal({ signal: 'power', onBattery: true });
    life.signal({ signal: 'offline' });
    told.length = 0;
    life.adopt(core);
    expect(told).toEqual(['gate offline true', 'gate power {"onBattery":true,"metered":false}']);
    life.stop();
  });
});
