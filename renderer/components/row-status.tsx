import { TriangleAlert } from 'lucide-react';
import type { OperationView } from '../../src/protocol/shapes.ts';
import { useApp } from '../app-context.ts';
import { useNow } from '../hooks/use-now.ts';
import { phaseWords, rowWords } from '../i18n/row-words.ts';
import { transferFraction } from '../state/transfer-fraction.ts';
import { ProgressBar } from './progress-bar.tsx';

/** A running operation in numbers, as far as it has any. */
function TransferStatus({ op }: { op: OperationView }) {
  const { language } = useApp();
  const { m, f } = language;
  const total = op.bytesTotal;
  const fraction = transferFraction(op);
  const percent = fraction === null ? '' : f.percent(fraction);
  const words = op.kind === 'file.download' ? m.row.received(percent) : m.row.progress(percent);
  return (
    <div className="row-transfer">
      <ProgressBar fraction={fraction} label={fraction === null ? phaseWords(op, language) : words} />
      <span className="row-facts num">
        {fraction === null ? <span>{phaseWords(op, language)}</span> : <span className="row-percent">{percent}</span>}
        {fraction === null || total === null ? null : (
          <span>{m.row.ofBytes(f.bytes(op.bytesDone), f.bytes(total))}</span>
        )}
        {/* Nothing moves while it waits for its turn among the transfers. */}
        {op.bytesPerSecond === null || op.bytesPerSecond === 0 ? null : <span>{f.speed(op.bytesPerSecond)}</span>}
        {op.etaSeconds === null ? null : <span>{m.state.left(f.duration(op.etaSeconds))}</span>}
      </span>
    </div>
  );
}

/** What is going on with an item, in words or numbers. */
export function RowStatus({ op }: { op: OperationView }) {
  const { language } = useApp();
  const { f } = language;
  const now = useNow(op.dueAt !== null || op.pausedUntil !== null);
  if (op.state === 'running') return <TransferStatus op={op} />;
  const { main, next } = rowWords(op, now, language);
  if (op.state === 'failed' || op.state === 'conflict') {
    return (
      <>
        <p className="row-trouble" title={main}>
          <TriangleAlert size={14} strokeWidth={2} aria-hidden />
          <span>{main}</span>
        </p>
        <p className="row-hint" title={next}>
          {next}
        </p>
      </>
    );
  }
  const partly = op.bytesDone > 0 && op.bytesTotal !== null && op.bytesDone < op.bytesTotal && op.state !== 'succeeded';
  return (
    <p className="row-facts num">
      <span>{main}</span>
      {next === '' ? null : <span>{next}</span>}
      {partly ? <span>{f.percent(op.bytesDone / (op.bytesTotal ?? 1))}</span> : null}
      {op.bytesTotal === null ? null : <span>{f.bytes(op.bytesTotal)}</span>}
    </p>
  );
}
