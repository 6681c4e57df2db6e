import type { Locator, Page } from 'playwright-core';
import type { LongshoreBridge } from '../../src/protocol/bridge.ts';
import type { OperationView } from '../../src/protocol/shapes.ts';

interface PageGlobal {
  readonly longshore: LongshoreBridge;
}

// As text, because it speaks of the page's world, which the types of this one do not know. Two frames after each step: the
// list draws what came into sight.
const readAllRows = `(async () => {
  const text = (row, part) => row.querySelector(part)?.textContent ?? '';
  const grid = document.querySelector('.grid');
  const frames = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const seen = new Map();
  if (grid === null) return [];
  grid.scrollTo(0, 0);
  for (let before = -1; grid.scrollTop !== before; ) {
    await frames();
    for (const row of grid.querySelectorAll('.row')) seen.set(text(row, '.row-name'), text(row, '.row-phase'));
    before = grid.scrollTop;
    grid.scrollBy(0, grid.clientHeight / 2);
  }
  return [...seen];
})()`;

/** The window as its reader sees it: words and rows, nothing inside. */
export class QueuePage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** The line at the top. */
  async headline(): Promise<string> {
    return (await this.page.locator('.head-words strong').allTextContents()).join('');
  }

  /** The number on a tab; 0 where it shows none. */
  async count(section: 'attention' | 'active' | 'waiting' | 'done'): Promise<number> {
    const texts = await this.page.locator(`[role=tab][data-section=${section}] .tab-count`).allTextContents();
    return Number((texts[0] ?? '0').replaceAll(/\D/g, ''));
  }

  /** Waits for a number on a tab without asking all the time, which would take from what is measured. */
  async untilCount(
    section: 'attention' | 'active' | 'waiting' | 'done',
    count: number,
    deadlineMs: number,
  ): Promise<void> {
    // Digits in groups, by whatever sign the language has.
    const written = new RegExp(
      `^${String(count)
        .split('')
        .join(String.raw`\D?`)}$`,
      'u',
    );
    const tab = this.page.locator(`[role=tab][data-section=${section}] .tab-count`);
    await tab
      .filter({ hasText: written })
      .waitFor({ timeout: deadlineMs })
      .catch(async (error: unknown) => {
        const words = (await this.page.locator('.head-words, .tabs').allInnerTexts()).join(' ').replaceAll(/\s+/g, ' ');
        throw new Error(`not within ${deadlineMs} ms: ${count} ${section}; the window says: ${words}`, {
          cause: error,
        });
      });
  }

  async openTab(section: 'all' | 'attention' | 'active' | 'waiting' | 'done'): Promise<void> {
    await this.page.locator(`[role=tab][data-section=${section}]`).click();
  }

  row(name: string): Locator {
    return this.page.locator('.row').filter({ has: this.page.getByText(name, { exact: true }) });
  }

  /** All that a row says, in one line; empty while there is no such row. */
  async rowText(name: string): Promise<string> {
    return (await this.row(name).allInnerTexts()).join(' ').replaceAll(/\s+/g, ' ').trim();
  }

  /** The word for where an item stands; a row under the pointer shows its buttons in this place. */
  async phase(name: string): Promise<string> {
    return (await this.row(name).locator('.row-phase').allTextContents()).join(' ');
  }

  /** Name and phase of every row of the open tab, scrolled through from top to end as a reader would. */
  async allRows(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.page.evaluate<[string, string][]>(readAllRows);
    return new Map(rows);
  }

  /** Every operation that the engine knows, page by page. */
  async operations(): Promise<readonly OperationView[]> {
    const all: OperationView[] = [];
    let after: string | null = null;
    do {
      const reply: Awaited<ReturnType<typeof listPage>> = await listPage(this.page, after);
      all.push(...reply.items);
      after = reply.next;
    } while (after !== null);
    return all;
  }
}

async function listPage(
  page: Page,
  after: string | null,
): Promise<{ readonly items: readonly OperationView[]; readonly next: string | null }> {
  const reply = await page.evaluate(
    (from) =>
      (globalThis as unknown as PageGlobal).longshore.request('ls', {
        order: 'oldest',
        limit: 1000,
        ...(from === null ? {} : { after: from }),
      }),
    after,
  );
  if (!reply.ok) throw new Error(reply.error.message);
  return reply.result;
}
