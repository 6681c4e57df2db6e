import { net, powerMonitor, session } from 'electron';
import type { Params } from '../src/protocol/contract.ts';
import { systemProxies } from './system-proxy.ts';

export type HostSignal = Params<'host.signal'>;

/** The main process is told of no change of the network, so it looks; it costs next to nothing. */
const lookEveryMs = 5_000;
/** Proxy settings change seldom, and a PAC script may have to be run, ms. */
const lookAtProxiesEveryMs = 60_000;

export interface HostSignals {
  /** A new engine knows nothing yet. */
  tellAll(): void;
  stop(): void;
}

/**
 * Tells when the machine goes to sleep, wakes, loses the network or gets it back, runs on its battery or not, and what the
 * system's proxy settings are for the services in use.
 */
export function watchHostSignals(tell: (signal: HostSignal) => void, endpoints: () => readonly string[]): HostSignals {
  let online = net.isOnline();
  const look = setInterval(() => {
    const now = net.isOnline();
    if (now === online) return;
    online = now;
    tell({ signal: now ? 'online' : 'offline' });
    tellProxies();
  }, lookEveryMs);
  const tellProxies = (): void => {
    systemProxies(endpoints(), (url) => session.defaultSession.resolveProxy(url)).then(
      (proxies) => tell({ signal: 'proxies', proxies }),
      () => undefined,
    );
  };
  const lookAtProxies = setInterval(tellProxies, lookAtProxiesEveryMs);
  const tellPower = (): void => tell({ signal: 'power', onBattery: powerMonitor.isOnBatteryPower() });
  const onSuspend = (): void => tell({ signal: 'suspend' });
  const onResume = (): void => {
    tell({ signal: 'resume' });
    tellProxies();
  };
  powerMonitor.on('suspend', onSuspend);
  powerMonitor.on('resume', onResume);
  powerMonitor.on('on-battery', tellPower);
  powerMonitor.on('on-ac', tellPower);
  return {
    tellAll: () => {
      if (!online) tell({ signal: 'offline' });
      tellPower();
      tellProxies();
    },
    stop: () => {
      clearInterval(look);
      clearInterval(lookAtProxies);
      powerMonitor.off('suspend', onSuspend);
      powerMonitor.off('resume', onResume);
      powerMonitor.off('on-battery', tellPower);
      powerMonitor.off('on-ac', tellPower);
    },
  };
}
