import { ArrowRight, FolderOpen, Pause, Play, RefreshCw } from 'lucide-react';
import type { StatusView } from '../../src/protocol/shapes.ts';
import { useApp } from '../app-context.ts';
import { useNow } from '../hooks/use-now.ts';
import { errorWords } from '../i18n/error-words.ts';
import { StateDot } from './state-dot.tsx';

export function FolderCard({ folder, bucket }: { folder: StatusView['folders'][number]; bucket: string }) {
  const { bridge, commands, request, language } = useApp();
  const { m, f } = language;
  const now = useNow();
  const paused = folder.pausedUntil !== null;
  const error = folder.error === null ? null : errorWords(folder.error, language);
  return (
    <article className="place" aria-label={folder.name}>
      <header className="place-head">
        <StateDot state={folder.state} />
        <h2>{folder.name}</h2>
        <span className="place-state">
          {folder.pausedUntil !== null && folder.pausedUntil !== 'forever'
            ? m.state.pausedUntil(f.clock(folder.pausedUntil, now))
            : m.folders.states[folder.state]}
        </span>
        <span className="place-actions">
          <button
            type="button"
            className="button button-small"
            aria-label={`${m.folders.open}: ${folder.name}`}
            onClick={() => void bridge.shell.openFolder(folder.name).then(commands.tell)}
          >
            <FolderOpen size={14} aria-hidden />
            {m.folders.open}
          </button>
          <button
            type="button"
            className="icon-button"
            aria-label={`${m.folders.rescan}: ${folder.name}`}
            title={m.folders.rescan}
            onClick={() => void request('rescan', { folder: folder.name }).then(commands.tell)}
          >
            <RefreshCw size={16} strokeWidth={1.75} aria-hidden />
          </button>
          <button
            type="button"
            className="icon-button"
            aria-label={`${paused ? m.folders.resume : m.folders.pause}: ${folder.name}`}
            title={paused ? m.folders.resume : m.folders.pause}
            onClick={() => void commands.pauseFolder(folder.name, !paused)}
          >
            {paused ? (
              <Play size={16} strokeWidth={1.75} aria-hidden />
            ) : (
              <Pause size={16} strokeWidth={1.75} aria-hidden />
            )}
          </button>
        </span>
      </header>
      <p className="place-route">
        <bdi className="mono">{folder.path}</bdi>
        <ArrowRight size={14} aria-hidden />
        <bdi className="mono">{`${bucket}/${folder.prefix}`}</bdi>
      </p>
      <p className="place-facts num">
        <span>{m.folders.files(f.count(folder.files), folder.files)}</span>
        {folder.ignored === 0 ? null : <span>{m.folders.ignored(f.count(folder.ignored))}</span>}
        <span>
          {folder.lastScanAt === null ? m.folders.neverScanned : m.folders.lastScan(f.ago(folder.lastScanAt, now))}
        </span>
      </p>
      {error === null ? null : (
        <div className="place-trouble">
          <p>{error.message}</p>
          <p>{folder.error?.code === 'folder.marker-missing' ? m.frozen.adoptHint : error.hint}</p>
        </div>
      )}
      {folder.degraded === null ? null : (
        <div className="place-trouble" data-tone="quiet">
          <p>{m.folders.degraded[folder.degradedKind ?? 'watch-broken']}</p>
          <p>{folder.degraded}</p>
        </div>
      )}
    </article>
  );
}
