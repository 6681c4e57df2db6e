import { FolderX } from 'lucide-react';
import { useId, useState } from 'react';
import type { StatusView } from '../../src/protocol/shapes.ts';
import { useApp, useWindowState } from '../app-context.ts';
import { errorWords } from '../i18n/error-words.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';

interface FrozenNoticeProps {
  readonly folder: StatusView['folders'][number];
  readonly onAnswered: () => void;
}

/** Why a folder stands still, and the way out. */
export function FrozenNotice({ folder, onAnswered }: FrozenNoticeProps) {
  const { commands, request, language } = useApp();
  const { m } = language;
  const linked = useWindowState((state) => state.linked);
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const titleId = useId();
  const { name, error } = folder;
  if (error === null) return null;
  const { message, hint } = errorWords(error, language);
  // Only a person can know whether another drive was put into its place.
  const adoptable = error.code === 'folder.marker-missing';

  async function adopt(): Promise<void> {
    setBusy(true);
    if (await commands.adoptFolder(name)) onAnswered();
    setBusy(false);
  }

  return (
    <section className="notice notice-question" aria-labelledby={titleId}>
      <FolderX size={18} strokeWidth={1.75} aria-hidden />
      <div className="notice-words">
        <h2 id={titleId}>{m.frozen.title(name, message)}</h2>
        <p>{adoptable ? m.frozen.adoptHint : hint}</p>
        <div className="notice-actions">
          <button
            type="button"
            className="button button-small"
            aria-label={`${m.folders.rescan}: ${name}`}
            disabled={!linked}
            onClick={() => void request('rescan', { folder: name }).then(commands.tell)}
          >
            {m.folders.rescan}
          </button>
          {adoptable ? (
            <button
              type="button"
              className="button button-small"
              aria-label={`${m.frozen.adopt}: ${name}`}
              disabled={busy || !linked}
              onClick={() => {
                setAsking(true);
              }}
            >
              {m.frozen.adopt}
            </button>
          ) : null}
        </div>
      </div>
      {asking ? (
        <ConfirmDialog
          title={m.frozen.confirmTitle(name)}
          text={m.frozen.confirmText(folder.path)}
          yes={m.frozen.adopt}
          no={m.confirm.back}
          harmless
          onYes={() => void adopt()}
          onClose={() => {
            setAsking(false);
          }}
        />
      ) : null}
    </section>
  );
}
