import { CircleCheck, TriangleAlert, X } from 'lucide-react';
import { useEffect } from 'react';
import { useApp, useWindowState } from '../app-context.ts';
import type { Toast } from '../state/window-state.ts';

/** Good news goes by itself; bad news stays until it was read. */
const GOOD_NEWS_MS = 5000;

function ToastCard({ toast }: { toast: Toast }) {
  const { store, language } = useApp();
  const { id, tone, title, lines } = toast;
  useEffect(() => {
    if (tone === 'bad') return undefined;
    const timer = setTimeout(() => {
      store.dispatch({ type: 'toast-gone', id });
    }, GOOD_NEWS_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [id, tone, store]);
  return (
    <div className="toast" data-tone={tone}>
      {tone === 'ok' ? <CircleCheck size={16} aria-hidden /> : <TriangleAlert size={16} aria-hidden />}
      <div className="toast-words">
        <p className="toast-title">{title}</p>
        {lines.map((line) => (
          <p key={line}>{line}</p>
        ))}
      </div>
      <button
        type="button"
        className="icon-button"
        aria-label={language.m.result.dismiss}
        onClick={() => {
          store.dispatch({ type: 'toast-gone', id });
        }}
      >
        <X size={14} aria-hidden />
      </button>
    </div>
  );
}

export function Toasts() {
  const toasts = useWindowState((state) => state.toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map((toast) => (
        <ToastCard key={toast.id} toast={toast} />
      ))}
    </div>
  );
}
