import type { KeyboardEvent } from 'react';
import { SECTIONS } from '../../src/protocol/contract.ts';
import { useApp, useWindowState } from '../app-context.ts';
import type { QueueTab } from '../state/queue-lines.ts';
import type { Section } from '../state/queue-sections.ts';

const TABS: readonly QueueTab[] = ['all', ...SECTIONS];

export function tabElementId(tab: QueueTab): string {
  return `tab-${tab}`;
}

/** The sections as tabs, by the tabs pattern of the ARIA practices: arrows move, the open tab is the one Tab stop. */
export function QueueTabs({ countOf }: { countOf: (section: Section) => string | null }) {
  const { store, language } = useApp();
  const { m } = language;
  const open = useWindowState((state) => state.tab);

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>): void {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const tab = TABS[(TABS.indexOf(open) + step + TABS.length) % TABS.length] ?? 'all';
    store.dispatch({ type: 'tab', tab });
    document.querySelector<HTMLElement>(`#${tabElementId(tab)}`)?.focus();
  }

  return (
    <div className="tabs" role="tablist" aria-label={m.queue.label} tabIndex={-1} onKeyDown={onKeyDown}>
      {TABS.map((tab) => {
        const count = tab === 'all' ? null : countOf(tab);
        return (
          <button
            key={tab}
            type="button"
            role="tab"
            id={tabElementId(tab)}
            className="tab"
            aria-selected={tab === open}
            aria-controls="queue-panel"
            tabIndex={tab === open ? 0 : -1}
            data-section={tab}
            data-empty={count === null || count === '0'}
            onClick={() => {
              store.dispatch({ type: 'tab', tab });
            }}
          >
            {m.sections[tab]}
            {count === null || count === '0' ? null : <span className="tab-count num">{count}</span>}
          </button>
        );
      })}
    </div>
  );
}
