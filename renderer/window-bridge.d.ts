import type { LongshoreBridge } from '../src/protocol/bridge.ts';

declare global {
  interface Window {
    readonly longshore: LongshoreBridge;
  }
}
