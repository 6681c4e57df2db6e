import { Notification } from 'electron';
import type { Notice } from './notice.ts';
import type { Words } from './words.ts';

function wording(notice: Notice, words: Words): { title: string; body: string } {
  switch (notice.kind) {
    case 'conflict':
      return {
        title: words.conflictTitle(notice.count),
        body: notice.count === 1 && notice.name !== '' ? `${notice.name} – ${words.conflictBody}` : words.conflictBody,
      };
    case 'failed':
      return {
        title: words.failedTitle(notice.count),
        body: [notice.count === 1 ? notice.name : '', notice.message].filter((part) => part !== '').join(' – '),
      };
    case 'mass-delete':
      return {
        title: words.massDeleteTitle(notice.count, notice.of),
        body: words.massDeleteBody(notice.folder),
      };
    case 'finished':
      return { title: words.finishedTitle, body: words.finishedBody(notice.count) };
  }
}

/** Shows notices on the desktop; a new one takes the place of an older one of its kind. A click calls `onClick`. */
export class NoticeBoard {
  readonly #words: Words;
  readonly #onClick: () => void;
  // Held here as long as they show: what is collected no longer hears its click.
  readonly #showing = new Map<string, Notification>();

  constructor(words: Words, onClick: () => void) {
    this.#words = words;
    this.#onClick = onClick;
  }

  show(notice: Notice): void {
    // Each folder asks a question of its own.
    const place = notice.kind === 'mass-delete' ? `mass-delete ${notice.folder}` : notice.kind;
    this.#show(place, wording(notice, this.#words), notice.kind === 'finished');
  }

  showStillRunning(): void {
    this.#show('still-running', { title: this.#words.stillRunningTitle, body: this.#words.stillRunningBody }, true);
  }

  #show(kind: string, { title, body }: { title: string; body: string }, silent: boolean): void {
    if (!Notification.isSupported()) return;
    this.#showing.get(kind)?.close();
    const notification = new Notification({ title, body, silent });
    this.#showing.set(kind, notification);
    notification.on('click', this.#onClick);
    notification.on('close', () => {
      if (this.#showing.get(kind) === notification) this.#showing.delete(kind);
    });
    notification.show();
  }
}
