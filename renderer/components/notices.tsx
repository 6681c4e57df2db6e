import { useRef } from 'react';
import { useApp, useWindowState } from '../app-context.ts';
import { AlarmNotice } from './alarm-notice.tsx';
import { ConfigNotice } from './config-notice.tsx';
import { DiskNotice } from './disk-notice.tsx';
import { FrozenNotice } from './frozen-notice.tsx';
import { GuardNotice } from './guard-notice.tsx';

/** What concerns more than one item, and what a person is asked about: above the queue, whatever is shown below. */
export function Notices() {
  const { m, f } = useApp().language;
  const folders = useWindowState((state) => state.status?.folders);
  const root = useRef<HTMLDivElement>(null);
  const held = folders?.filter((folder) => folder.guard !== null) ?? [];
  const frozen = folders?.filter((folder) => folder.state === 'frozen') ?? [];

  /** The question is answered and goes: the focus stays near. */
  function answered(): void {
    root.current?.focus();
  }

  return (
    <div ref={root} className="notices" tabIndex={-1}>
      <p className="visually-hidden" role="status" aria-live="polite">
        {held
          .map(({ name, guard }) => m.guard.title(f.count(guard?.count ?? 0), f.count(guard?.of ?? 0), name))
          .join(' ')}
      </p>
      <DiskNotice />
      <ConfigNotice />
      {held.map((folder) => (
        <GuardNotice key={folder.name} folder={folder.name} guard={folder.guard} onAnswered={answered} />
      ))}
      {frozen.map((folder) => (
        <FrozenNotice key={folder.name} folder={folder} onAnswered={answered} />
      ))}
      <AlarmNotice />
    </div>
  );
}
