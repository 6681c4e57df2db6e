import type { StatusView } from '../../src/protocol/shapes.ts';

type PlaceState = StatusView['folders'][number]['state'] | StatusView['destinations'][number]['state'];

const TONES = {
  ok: 'ok',
  scanning: 'busy',
  paused: 'quiet',
  frozen: 'warn',
  unreachable: 'warn',
  unknown: 'quiet',
} as const satisfies Record<PlaceState, string>;

/** Decoration only: the words stand beside it. */
export function StateDot({ state }: { state: PlaceState }) {
  return <span className="dot" data-tone={TONES[state]} aria-hidden />;
}
