import type { CliIo, OutputStream } from './cli-io.ts';
import { chooseStyle, type Style } from './style.ts';
import { formatTable, type Cell, type Column } from './table.ts';

/** How a command speaks: documents or text on stdout, remarks on stderr. */
export class Output {
  readonly isJson: boolean;
  readonly style: Style;
  readonly errorStyle: Style;
  readonly #stdout: OutputStream;
  readonly #stderr: OutputStream;
  #aroundRemark: ((write: () => void) => void) | null = null;

  constructor(io: CliIo, options: { readonly json: boolean; readonly color: boolean }) {
    this.isJson = options.json;
    this.#stdout = io.stdout;
    this.#stderr = io.stderr;
    this.style = chooseStyle(io.stdout.isTTY === true, options.color, io.env);
    this.errorStyle = chooseStyle(io.stderr.isTTY === true, options.color, io.env);
  }

  /** Whether a person watches stdout. */
  get isTerminal(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** Width of the terminal; null where there is none. */
  get columns(): number | null {
    return this.isTerminal ? (this.#stdout.columns ?? 80) : null;
  }

  /** One JSON document. */
  document(value: unknown): void {
    this.raw(`${JSON.stringify(value, null, this.isTerminal ? 2 : undefined)}\n`);
  }

  /** One line of a JSON stream. */
  record(value: unknown): void {
    this.raw(`${JSON.stringify(value)}\n`);
  }

  text(...lines: readonly string[]): void {
    this.raw(`${lines.join('\n')}\n`);
  }

  table(columns: readonly Column[], rows: readonly (readonly Cell[])[]): void {
    this.text(formatTable(columns, rows, this.style, this.columns));
  }

  raw(text: string): void {
    this.#stdout.write(text);
  }

  /** For long output: waits until the reader keeps up. */
  async paced(text: string): Promise<void> {
    if (this.#stdout.write(text)) return;
    await new Promise<void>((resolve) => {
      this.#stdout.once('drain', resolve);
    });
  }

  /** A remark that is no part of the result. */
  remark(text: string): void {
    const write = () => {
      this.#stderr.write(`${text}\n`);
    };
    if (this.#aroundRemark === null) write();
    else this.#aroundRemark(write);
  }

  /** While live lines stand on the terminal, a remark has to go through them. */
  wrapRemarks(around: ((write: () => void) => void) | null): void {
    this.#aroundRemark = around;
  }
}
