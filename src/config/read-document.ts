import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Node, Pair } from 'yaml';

import { formatKey, maySayWhatIsAt } from './key-path.ts';
import type { KeyPath } from './key-path.ts';
import { isMapping } from './plain-data.ts';
import type { ConfigProblem } from './problem.ts';
import { substituteEnv } from './substitute-env.ts';
import type { Environment, SubstitutionFault } from './substitute-env.ts';
import { yamlTrouble } from './yaml-trouble.ts';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where each key stands; no text of the file is kept. */
export interface Positions {
  /** The key's own place; for list items and the root, the value's. */
  key(path: KeyPath): Position;
  /** The value's place; the key's when the value is left out. */
  value(path: KeyPath): Position;
}

export interface ReadDocument {
  /** Plain data with environment variables put in; undefined when the file could not be read as a mapping. */
  readonly root: Readonly<Record<string, unknown>> | undefined;
  readonly positions: Positions;
  readonly problems: readonly ConfigProblem[];
  /** Variables in the value at a formatted key. */
  readonly fromEnv: ReadonlyMap<string, readonly string[]>;
  /** Formatted keys whose value could not be substituted: a further complaint about them would be noise. */
  readonly broken: ReadonlySet<string>;
}

/** A generous bound for a file that people write; also what stops aliases from multiplying. */
const MAX_NODES = 100_000;
const MAX_DEPTH = 32;

/** Noncharacters that stand for the braces of `${NAME}` while YAML is parsed, where `{ }` would be structure. */
const OPEN_BRACE = '\uFDD0';
const CLOSE_BRACE = '\uFDD1';

/**
 * Reads YAML, and JSON as the YAML that it is, keeping where everything stands. `${NAME}` is understood in every string,
 * also unquoted between `{ }`. Broken YAML gives one problem a line and nothing else: what follows from a wrong structure
 * would only be noise.
 */
export function readDocument(text: string, file: string, env: Environment): ReadDocument {
  const lines = new LineCounter();
  const source = maskReferences(text.startsWith('\uFEFF') ? text.slice(1) : text);
  const document = parseDocument(source, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    uniqueKeys: false,
  });
  const reader = new DocumentReader(document, lines, file, env);
  const troubles = [...document.errors, ...document.warnings];
  if (troubles.length > 0) {
    const seenLines = new Set<number>();
    for (const trouble of troubles.toSorted((a, b) => a.pos[0] - b.pos[0])) {
      const { line } = lines.linePos(trouble.pos[0]);
      if (seenLines.has(line)) continue;
      seenLines.add(line);
      const { message, hint } = yamlTrouble(trouble.code);
      reader.report(trouble.pos[0], [], message, hint);
    }
    return reader.result(undefined);
  }
  return reader.result(reader.readRoot());
}

class DocumentReader {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #file: string;
  readonly #env: Environment;
  readonly #problems: ConfigProblem[] = [];
  readonly #keyOffsets = new Map<string, number>();
  readonly #valueOffsets = new Map<string, number>();
  readonly #fromEnv = new Map<string, readonly string[]>();
  readonly #broken = new Set<string>();
  readonly #open = new Set<Node>();
  #nodes = 0;

  constructor(document: Document.Parsed, lines: LineCounter, file: string, env: Environment) {
    this.#document = document;
    this.#lines = lines;
    this.#file = file;
    this.#env = env;
  }

  readRoot(): Readonly<Record<string, unknown>> | undefined {
    const { contents } = this.#document;
    // An editor that truncates before it writes leaves an empty file for a moment: it must not read as "no folders".
    if (contents === null || (isScalar(contents) && contents.value === null)) {
      this.report(
        0,
        [],
        'The file is empty.',
        'Write at least "folders" and "destinations", or {} for a configuration with nothing in it.',
      );
      return undefined;
    }
    if (!isMap(contents)) {
      this.report(
        contents.range[0],
        [],
        'The file must hold a mapping of keys to values.',
        'Start with "folders:" at the beginning of a line.',
      );
      return undefined;
    }
    const root = this.#read(contents, []);
    return isMapping(root) ? root : undefined;
  }

  report(offset: number, path: KeyPath, message: string, hint: string): void {
    this.#problems.push({ file: this.#file, ...this.#position(offset), key: formatKey(path), message, hint });
  }

  result(root: Readonly<Record<string, unknown>> | undefined): ReadDocument {
    const keyOffset = (path: KeyPath) => this.#keyOffsets.get(formatKey(path));
    const valueOffset = (path: KeyPath) => this.#valueOffsets.get(formatKey(path));
    return {
      root,
      positions: {
        key: (path) => this.#position(keyOffset(path) ?? valueOffset(path) ?? 0),
        value: (path) => this.#position(valueOffset(path) ?? keyOffset(path) ?? 0),
      },
      problems: this.#problems,
      fromEnv: this.#fromEnv,
      broken: this.#broken,
    };
  }

  #position(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  /** `alias` is where the alias stands that led here: its users look for the trouble there, not at the anchor. */
  #read(node: Node | null | undefined, path: KeyPath, alias?: number): unknown {
    this.#nodes += 1;
    const offset = alias ?? node?.range?.[0];
    const implicitNull =
      node === null || node === undefined || (isScalar(node) && node.value === null && node.source === '');
    if (offset !== undefined && !implicitNull) this.#valueOffsets.set(formatKey(path), offset);
    if (implicitNull) return null;
    if (this.#nodes > MAX_NODES || path.length > MAX_DEPTH) {
      if (this.#nodes <= MAX_NODES + 1)
        this.report(offset ?? 0, path, 'The configuration is too large or too deep.', '');
      this.#nodes = Math.max(this.#nodes, MAX_NODES + 1);
      return null;
    }
    if (isAlias(node)) return this.#readAlias(node, path, offset ?? 0);
    // An alias to a collection that is still open would go round for ever.
    this.#open.add(node);
    const value = this.#readValue(node, path, offset ?? 0, alias);
    this.#open.delete(node);
    return value;
  }

  #readValue(node: Node, path: KeyPath, offset: number, alias?: number): unknown {
    if (isMap<Node, Node | null>(node)) return this.#readMap(node.items, path, alias);
    if (isSeq<Node>(node)) return node.items.map((item, index) => this.#read(item, [...path, index], alias));
    if (!isScalar(node)) return null;
    return typeof node.value === 'string' ? this.#readText(node.value, path, offset) : node.value;
  }

  #readAlias(node: Node & { resolve(document: Document): Node | undefined }, path: KeyPath, offset: number): unknown {
    const target = node.resolve(this.#document);
    if (target === undefined || this.#open.has(target)) {
      this.report(offset, path, 'This alias (*name) names no anchor, or contains itself.', '');
      this.#broken.add(formatKey(path));
      return null;
    }
    return this.#read(target, path, offset);
  }

  #readMap(items: readonly Pair<Node, Node | null>[], path: KeyPath, alias?: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const pair of items) {
      const offset = alias ?? pair.key.range?.[0] ?? 0;
      if (!isScalar(pair.key) || typeof pair.key.value !== 'string') {
        this.report(offset, path, 'A key must be plain text.', '');
        continue;
      }
      const key = unmask(pair.key.value);
      const at = [...path, key];
      // Assigning it would change the prototype of the result instead of adding a key.
      if (key === '__proto__') {
        this.report(offset, path, 'This key can’t be used: "__proto__".', 'Choose another name.');
        continue;
      }
      if (Object.hasOwn(result, key)) {
        const first = this.#position(this.#keyOffsets.get(formatKey(at)) ?? 0).line;
        const name = maySayWhatIsAt(at) ? `"${key}"` : 'This key';
        this.report(
          offset,
          maySayWhatIsAt(at) ? at : path,
          `${name} is here twice (first on line ${first}).`,
          'Keep one of them.',
        );
        continue;
      }
      this.#keyOffsets.set(formatKey(at), offset);
      result[key] = this.#read(pair.value, at, alias);
    }
    return result;
  }

  #readText(raw: string, path: KeyPath, offset: number): string {
    const { text, used, faults } = substituteEnv(unmask(raw), this.#env);
    if (used.length > 0) this.#fromEnv.set(formatKey(path), used);
    for (const fault of faults) this.#reportFault(fault, path, offset);
    if (faults.length > 0) this.#broken.add(formatKey(path));
    return text;
  }

  #reportFault(fault: SubstitutionFault, path: KeyPath, offset: number): void {
    const escape = 'Write $${ where ${ itself is meant.';
    switch (fault.kind) {
      case 'unset':
        this.report(
          offset,
          path,
          `The environment variable ${fault.name} is not set.`,
          `Set ${fault.name} before Longshore starts. ${escape}`,
        );
        return;
      case 'bad-name':
        this.report(
          offset,
          path,
          'What stands between ${ and } is not the name of an environment variable.',
          `Names have letters, digits and _. ${escape}`,
        );
        return;
      case 'unclosed':
        this.report(offset, path, 'A ${ has no closing }.', escape);
        return;
    }
  }
}

/** Same length, so that every position stays true. A file that holds the noncharacters itself is left alone. */
function maskReferences(text: string): string {
  if (text.includes(OPEN_BRACE) || text.includes(CLOSE_BRACE)) return text;
  return text.replaceAll(/\$\{([^{}\r\n]*)\}/g, `$$${OPEN_BRACE}$1${CLOSE_BRACE}`);
}

function unmask(text: string): string {
  return text.replaceAll(OPEN_BRACE, '{').replaceAll(CLOSE_BRACE, '}');
}
