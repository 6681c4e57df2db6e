import { HardDrive } from 'lucide-react';
import { useApp, useWindowState } from '../app-context.ts';

/** Room is short where the queue lies: which disk, what waits for it, and how to mend it. It goes by itself. */
export function DiskNotice() {
  const { m, f } = useApp().language;
  const disk = useWindowState((state) => state.status?.disk);
  if (disk === undefined) return null;
  const { dataDir, freeBytes, neededBytes, full } = disk;
  const free = freeBytes === null ? null : f.bytes(freeBytes);
  return (
    <section className="notice notice-question" role="alert">
      <HardDrive size={18} strokeWidth={1.75} aria-hidden />
      <div className="notice-words">
        <h2>{full ? m.disk.full : m.disk.low}</h2>
        <p>{full ? m.disk.fullWaits : m.disk.lowWaits}</p>
        <p>
          <bdi className="mono">{dataDir}</bdi>
          {free === null
            ? null
            : ` · ${neededBytes === 0 ? m.disk.free(free) : m.disk.freeOf(free, f.bytes(neededBytes))}`}
        </p>
        <p>{m.disk.mend}</p>
      </div>
    </section>
  );
}
