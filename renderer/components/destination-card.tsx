import type { StatusView } from '../../src/protocol/shapes.ts';
import { useApp } from '../app-context.ts';
import { useNow } from '../hooks/use-now.ts';
import { errorWords } from '../i18n/error-words.ts';
import { skewWords } from '../i18n/skew-words.ts';
import { untilWords } from '../i18n/state-line-words.ts';
import { noteworthySkew } from '../state/place-facts.ts';
import { StateDot } from './state-dot.tsx';

export function DestinationCard({ destination }: { destination: StatusView['destinations'][number] }) {
  const { language } = useApp();
  const { m } = language;
  const now = useNow(destination.nextTryAt !== null);
  const skew = noteworthySkew(destination);
  const error = destination.error === null ? null : errorWords(destination.error, language);
  return (
    <article className="place" aria-label={destination.name}>
      <header className="place-head">
        <StateDot state={destination.state} />
        <h2>{destination.name}</h2>
        <span className="place-state">{m.folders.destinationStates[destination.state]}</span>
      </header>
      <p className="place-route">
        <bdi className="mono">{destination.endpoint}</bdi>
        <span>·</span>
        <bdi className="mono">{destination.bucket}</bdi>
      </p>
      {(destination.capabilities?.standIns.length ?? 0) > 0 && destination.capabilities?.checkedAt != null ? (
        <p className="place-facts" title={destination.capabilities.note ?? undefined}>
          <span>{m.folders.looksBefore}</span>
        </p>
      ) : null}
      {skew === null ? null : (
        <p className="place-facts num">
          <span>{skewWords(skew, language)}</span>
        </p>
      )}
      {error === null ? null : (
        <div className="place-trouble">
          <p>{error.message}</p>
          <p>{error.hint}</p>
          {destination.nextTryAt === null ? null : (
            <p className="num">{untilWords(destination.nextTryAt, now, language)}</p>
          )}
        </div>
      )}
    </article>
  );
}
