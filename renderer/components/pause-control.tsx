import { untilTomorrowMs } from '../../src/core/until-tomorrow.ts';
import { useLayoutEffect, useRef } from 'react';
import { ChevronDown, Pause, Play } from 'lucide-react';
import { useApp, useWindowState } from '../app-context.ts';
import { Menu } from './menu.tsx';

const MINUTE_MS = 60_000;

export function PauseControl() {
  const { commands, language } = useApp();
  const { m } = language;
  const paused = useWindowState(({ status }) => status !== null && status.pausedUntil !== null);
  const linked = useWindowState((state) => state.linked);
  const root = useRef<HTMLDivElement>(null);
  const wanted = useRef<boolean | null>(null);
  // One button takes the other's place: the focus goes along.
  useLayoutEffect(() => {
    if (wanted.current !== paused) return;
    wanted.current = null;
    root.current?.querySelector('button')?.focus();
  }, [paused]);

  function pause(forMs: number | null): void {
    wanted.current = true;
    void commands.pauseAll(forMs);
  }

  return (
    <div ref={root}>
      {paused ? (
        <button
          type="button"
          className="button button-main"
          disabled={!linked}
          onClick={() => {
            wanted.current = false;
            void commands.resumeAll();
          }}
        >
          <Play size={14} aria-hidden />
          {m.pause.resume}
        </button>
      ) : (
        <Menu
          label={m.pause.menu}
          disabled={!linked}
          trigger={
            <>
              <Pause size={14} aria-hidden />
              {m.pause.pause}
              <ChevronDown size={14} aria-hidden />
            </>
          }
          items={[
            { label: m.pause.minutes30, run: () => pause(30 * MINUTE_MS) },
            { label: m.pause.hours2, run: () => pause(120 * MINUTE_MS) },
            { label: m.pause.tomorrow, run: () => pause(untilTomorrowMs(new Date())) },
            { label: m.pause.untilResume, run: () => pause(null) },
          ]}
        />
      )}
    </div>
  );
}
