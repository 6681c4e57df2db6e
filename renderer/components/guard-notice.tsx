import { FolderOpen, ShieldQuestionMark } from 'lucide-react';
import { useId, useState } from 'react';
import type { StatusView } from '../../src/protocol/shapes.ts';
import { useApp, useWindowState } from '../app-context.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';

/** Names that are shown: enough to recognise what it is about. */
const SHOWN_NAMES = 3;

interface GuardNoticeProps {
  readonly folder: string;
  readonly guard: StatusView['folders'][number]['guard'];
  readonly onAnswered: () => void;
}

/** More files are gone at once than a person may have meant: the storage keeps them until somebody decides. */
export function GuardNotice({ folder, guard, onAnswered }: GuardNoticeProps) {
  const { bridge, commands, language } = useApp();
  const { m, f } = language;
  const linked = useWindowState((state) => state.linked);
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const titleId = useId();
  if (guard === null) return null;
  const { count, sample } = guard;
  const names = sample.slice(0, SHOWN_NAMES);
  const disabled = busy || !linked;

  async function decide(decision: 'delete' | 'keep'): Promise<void> {
    setBusy(true);
    if (await commands.decideDeletes(folder, decision)) onAnswered();
    setBusy(false);
  }

  return (
    <section className="notice notice-question" aria-labelledby={titleId}>
      <ShieldQuestionMark size={18} strokeWidth={1.75} aria-hidden />
      <div className="notice-words">
        <h2 id={titleId}>{m.guard.title(f.count(count), f.count(guard.of), folder)}</h2>
        <p>{m.guard.text}</p>
        {names.length === 0 ? null : (
          <ul className="notice-names" aria-label={m.guard.names}>
            {names.map((name) => (
              <li key={name}>
                <bdi title={name}>{name}</bdi>
              </li>
            ))}
            {count > names.length ? <li className="num">{m.drop.more(f.count(count - names.length))}</li> : null}
          </ul>
        )}
        <div className="notice-actions">
          <button type="button" className="button button-small" disabled={disabled} onClick={() => void decide('keep')}>
            {m.guard.keep}
          </button>
          <button
            type="button"
            className="button button-small button-danger"
            disabled={disabled}
            onClick={() => {
              setAsking(true);
            }}
          >
            {m.guard.delete}
          </button>
          <button
            type="button"
            className="link"
            aria-label={`${m.folders.open}: ${folder}`}
            onClick={() => void bridge.shell.openFolder(folder).then(commands.tell)}
          >
            <FolderOpen size={14} aria-hidden />
            {m.folders.open}
          </button>
        </div>
      </div>
      {asking ? (
        <ConfirmDialog
          title={m.guard.confirmTitle(f.count(count), count)}
          text={m.guard.confirmText(folder)}
          yes={m.guard.confirmYes(f.count(count), count)}
          no={m.confirm.back}
          onYes={() => void decide('delete')}
          onClose={() => {
            setAsking(false);
          }}
        />
      ) : null}
    </section>
  );
}
