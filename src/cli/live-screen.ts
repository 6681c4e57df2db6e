import type { OutputStream } from './cli-io.ts';
import type { LiveSize } from './live-view.ts';

/** At most 10 frames a second. */
const FRAME_MS = 100;

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_DOWN = '\u001b[0J';

/** Draws lines over the ones drawn before, in place, without touching what stood above. */
export class LiveScreen {
  readonly #stream: OutputStream;
  readonly #render: (size: LiveSize) => readonly string[];
  #drawnLines = 0;
  #timer: NodeJS.Timeout | null = null;
  #isDirty = false;
  #isClosed = false;
  readonly #onResize = () => this.invalidate();

  constructor(stream: OutputStream, render: (size: LiveSize) => readonly string[]) {
    this.#stream = stream;
    this.#render = render;
    stream.write(HIDE_CURSOR);
    stream.on('resize', this.#onResize);
  }

  /** Draws soon: at once after a quiet time, else with the next frame. */
  invalidate(): void {
    if (this.#isClosed) return;
    this.#isDirty = true;
    if (this.#timer !== null) return;
    this.#frame();
  }

  /** Lets something else be written where the live lines stand; they come again below it. */
  interrupt(write: () => void): void {
    if (this.#isClosed) {
      write();
      return;
    }
    this.#stream.write(`${this.#backToTop()}${CLEAR_DOWN}`);
    this.#drawnLines = 0;
    write();
    this.invalidate();
  }

  #backToTop(): string {
    return this.#drawnLines === 0 ? '\r' : `\u001b[${this.#drawnLines}A\r`;
  }

  /** Draws what is new, and leaves the last frame standing. */
  close(): void {
    if (this.#isClosed) return;
    if (this.#isDirty) this.#draw();
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#stream.off('resize', this.#onResize);
    this.#stream.write(SHOW_CURSOR);
  }

  #frame(): void {
    this.#timer = null;
    if (!this.#isDirty || this.#isClosed) return;
    this.#draw();
    this.#timer = setTimeout(() => this.#frame(), FRAME_MS);
  }

  #draw(): void {
    this.#isDirty = false;
    // One row and one column stay free: writing into the last ones makes some terminals scroll.
    const size = {
      columns: Math.max(20, (this.#stream.columns ?? 80) - 1),
      rows: Math.max(3, (this.#stream.rows ?? 24) - 1),
    };
    const lines = this.#render(size);
    this.#stream.write(`${this.#backToTop()}${CLEAR_DOWN}${lines.join('\n')}\n`);
    this.#drawnLines = lines.length;
  }
}
