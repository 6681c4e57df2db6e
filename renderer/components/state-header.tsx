import {
  CircleCheck,
  CirclePause,
  CloudDownload,
  CloudUpload,
  LoaderCircle,
  RefreshCw,
  Trash2,
  TriangleAlert,
} from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import { Fragment, useMemo } from 'react';
import { useApp, useWindowState } from '../app-context.ts';
import { useNow } from '../hooks/use-now.ts';
import { useThrottled } from '../hooks/use-throttled.ts';
import { stateLineWords } from '../i18n/state-line-words.ts';
import { batchProgress } from '../state/batch.ts';
import type { StateLine } from '../state/state-line.ts';
import { stateLine, toneOf } from '../state/state-line.ts';
import { PauseControl } from './pause-control.tsx';
import { ProgressBar } from './progress-bar.tsx';

/** A screen reader hears of progress at most this often, and of a new state at once. */
const SPEAK_PAUSE_MS = 15_000;

const WORK_ICONS: Partial<Record<(StateLine & { kind: 'working' })['work'], LucideIcon>> = {
  'file.upload': CloudUpload,
  'file.download': CloudDownload,
  'file.delete': Trash2,
};

function StateIcon({ line }: { line: StateLine }) {
  const size = 20;
  if (line.kind === 'paused') return <CirclePause size={size} strokeWidth={1.75} aria-hidden />;
  if (line.kind === 'working') {
    const Icon = WORK_ICONS[line.work] ?? RefreshCw;
    return <Icon size={size} strokeWidth={1.75} aria-hidden />;
  }
  switch (toneOf(line)) {
    case 'ok':
      return <CircleCheck size={size} strokeWidth={1.75} aria-hidden />;
    case 'busy':
      return <CloudUpload size={size} strokeWidth={1.75} aria-hidden />;
    case 'quiet':
      return <LoaderCircle size={size} strokeWidth={1.75} aria-hidden />;
    case 'warn':
    case 'bad':
      return <TriangleAlert size={size} strokeWidth={1.75} aria-hidden />;
  }
}

export function StateHeader() {
  const { language } = useApp();
  const host = useWindowState((state) => state.host);
  const linked = useWindowState((state) => state.linked);
  const status = useWindowState((state) => state.status);
  const batch = useWindowState((state) => state.batch);
  const now = useNow();
  const progress = useMemo(() => (status === null ? null : batchProgress(batch, status)), [batch, status]);
  const line = stateLine(host, linked, status, progress ?? { done: 0, total: 0, fraction: 0 });
  const [headline, ...facts] = stateLineWords(line, now, language);
  const spoken = useThrottled([headline, ...facts].join(', '), line.kind, SPEAK_PAUSE_MS);
  const shown = line.kind === 'working' || line.kind === 'paused' || line.kind === 'unreachable';
  return (
    <header className="head" data-tone={toneOf(line)}>
      <div className="head-line">
        <span className="head-icon">
          <StateIcon line={line} />
        </span>
        <p className="head-words" aria-hidden>
          <strong>{headline}</strong>
          {facts.map((fact, index) => (
            <Fragment key={index === 0 ? 'first' : fact}>
              <span className="head-sep">·</span>
              <span className="num">{fact}</span>
            </Fragment>
          ))}
        </p>
        <p className="visually-hidden" role="status" aria-live="polite">
          {spoken}
        </p>
        <PauseControl />
      </div>
      <div className="head-progress" data-shown={shown && progress !== null && progress.total > 0}>
        <ProgressBar
          fraction={progress?.fraction ?? 0}
          label={language.m.state.progress}
          quiet={line.kind !== 'working'}
        />
      </div>
    </header>
  );
}
