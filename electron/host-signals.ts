import { net, powerMonitor } from 'electron';
import type { Params } from '../src/protocol/contract.ts';

export type HostSignal = Params<'host.signal'>['signal'];

/** The main process is told of no change of the network, so it looks; it costs next to nothing. */
const lookEveryMs = 5_000;

/** Tells when the machine goes to sleep, wakes, loses the network or gets it back. Returns how to stop. */
export function watchHostSignals(tell: (signal: HostSignal) => void): () => void {
  let online = net.isOnline();
  const timer = setInterval(() => {
    const now = net.isOnline();
    if (now !== online) tell(now ? 'online' : 'offline');
    online = now;
  }, lookEveryMs);
  const onSuspend = (): void => tell('suspend');
  const onResume = (): void => tell('resume');
  powerMonitor.on('suspend', onSuspend);
  powerMonitor.on('resume', onResume);
  return () => {
    clearInterval(timer);
    powerMonitor.off('suspend', onSuspend);
    powerMonitor.off('resume', onResume);
  };
}
