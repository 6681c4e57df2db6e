import type { OperationDetail } from '../../src/protocol/shapes.ts';
import { useApp } from '../app-context.ts';
import { useNow } from '../hooks/use-now.ts';
import { errorWords } from '../i18n/error-words.ts';
import { nextWords, phaseWords } from '../i18n/row-words.ts';
import { CopyButton } from './copy-button.tsx';
import { RowStatus } from './row-status.tsx';

const TONES: Partial<Record<OperationDetail['state'], string>> = { failed: 'bad', conflict: 'warn' };

function ErrorBlock({ detail }: { detail: OperationDetail }) {
  const { language } = useApp();
  const { m } = language;
  const now = useNow();
  if (detail.error === null) return null;
  const { message, hint } = errorWords(detail.error, language);
  const next = nextWords(detail, now, language);
  const whose = detail.error.detailFrom === 'service' ? m.drawer.ownWords : m.drawer.furtherWords;
  return (
    <section className="trouble" data-tone={TONES[detail.state] ?? 'quiet'}>
      <h3>{m.drawer.error}</h3>
      <p className="trouble-message">{message}</p>
      {next === '' || next === hint ? null : <p>{next}</p>}
      <p>{hint}</p>
      {detail.error.detail === null ? null : (
        <>
          <h4>
            {whose}
            <CopyButton text={detail.error.detail} what={whose} />
          </h4>
          <pre>{detail.error.detail}</pre>
        </>
      )}
    </section>
  );
}

/** The upload is done; what was to follow it is not: what, why, how to mend it, and when it is tried again. */
function LeftInPlace({ detail }: { detail: OperationDetail }) {
  const { language } = useApp();
  const { m, f } = language;
  const now = useNow();
  const { leftInPlace } = detail;
  if (leftInPlace === undefined) return null;
  const { message, hint } = errorWords(leftInPlace.error, language);
  const seconds = (Date.parse(leftInPlace.tryAgainAt) - now) / 1000;
  return (
    <section className="trouble" data-tone="quiet">
      <h3>{m.drawer.leftInPlace}</h3>
      <p className="trouble-message">
        {leftInPlace.action === 'archive' ? m.row.notArchived(message) : m.row.notTrashed(message)}
      </p>
      <p>{hint}</p>
      <p>{seconds < 0.5 ? m.row.retryNow : m.row.retryIn(f.duration(seconds))}</p>
      {leftInPlace.error.detail === null || leftInPlace.error.detail === '' ? null : (
        <pre>{leftInPlace.error.detail}</pre>
      )}
    </section>
  );
}

/** How the item stands: its error with all that is known, or its progress. */
export function DrawerNow({ detail }: { detail: OperationDetail }) {
  const { language } = useApp();
  const { m } = language;
  const quiet = detail.error === null || detail.state === 'running';
  return (
    <>
      {quiet ? (
        <section className="drawer-now">
          <h3>{phaseWords(detail, language)}</h3>
          <RowStatus op={detail} />
          {detail.verified === null || detail.state !== 'succeeded' ? null : (
            <p className="quiet">{detail.verified ? m.drawer.verified : m.drawer.notVerified}</p>
          )}
        </section>
      ) : null}
      <LeftInPlace detail={detail} />
      <ErrorBlock detail={detail} />
    </>
  );
}
