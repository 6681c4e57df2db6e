import { Search, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useApp, useWindowState } from '../app-context.ts';

/** Typing has to stand still this long before the engine is asked. */
const SETTLE_MS = 200;

export function QueueSearch() {
  const { store, connection, language } = useApp();
  const { m } = language;
  const applied = useWindowState((state) => state.filter.search);
  const [text, setText] = useState(applied);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const wanted = text.trim();
    if (wanted === store.get().filter.search) return undefined;
    const timer = setTimeout(() => {
      store.dispatch({ type: 'filter', filter: { ...store.get().filter, search: wanted } });
      connection.reload();
    }, SETTLE_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [text, store, connection]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'f' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('keydown', onKey);
    };
  }, []);

  return (
    <div className="search" role="search">
      <Search size={14} aria-hidden />
      <input
        ref={input}
        type="text"
        value={text}
        maxLength={500}
        placeholder={m.queue.search}
        aria-label={m.queue.search}
        aria-keyshortcuts="Control+F Meta+F"
        spellCheck={false}
        onChange={(event) => {
          setText(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setText('');
        }}
      />
      {text === '' ? null : (
        <button
          type="button"
          className="icon-button icon-button-small"
          aria-label={m.queue.clearSearch}
          onClick={() => {
            setText('');
            input.current?.focus();
          }}
        >
          <X size={14} aria-hidden />
        </button>
      )}
    </div>
  );
}
