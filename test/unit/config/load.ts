import { expect } from 'vitest';

import type { LongshoreConfig } from '../../../src/config/config-types.ts';
import { parseConfig } from '../../../src/config/load-config.ts';
import type { ConfigResult } from '../../../src/config/load-config.ts';
import type { LoadContext } from '../../../src/config/load-context.ts';
import { formatProblems } from '../../../src/config/problem.ts';
import type { ConfigProblem } from '../../../src/config/problem.ts';

export const CONTEXT: LoadContext = {
  env: {},
  platform: 'linux',
  homeDir: '/home/me',
  hostName: 'laptop',
  dataDir: '/home/me/.local/share/longshore',
};

export const FILE = '/etc/ls/config.yaml';

export function load(text: string, context: Partial<LoadContext> = {}): ConfigResult {
  return parseConfig(text, FILE, { ...CONTEXT, ...context });
}

export function good(text: string, context: Partial<LoadContext> = {}): LongshoreConfig {
  const result = load(text, context);
  if (!result.ok) throw new Error(formatProblems(result.problems));
  return result.config;
}

export function problems(text: string, context: Partial<LoadContext> = {}): readonly ConfigProblem[] {
  const result = load(text, context);
  expect(result.ok).toBe(false);
  return result.ok ? [] : result.problems;
}

/** The one problem that the text has. */
export function problem(text: string, context: Partial<LoadContext> = {}): ConfigProblem {
  const found = problems(text, context);
  expect(found.map(({ key, message }) => `${key}: ${message}`)).toHaveLength(1);
  return found[0]!;
}

export const DESTINATION = `
    type: s3
    endpoint: http://127.0.0.1:9000
    bucket: demo
    credentials: { env: true }`;

/** A valid configuration with one destination `main`, and `lines` (2 deep) added to its one folder. */
export function withFolder(lines: string): string {
  return `folders:
  - path: /srv/drop
    destination: main
${indent(lines, 4)}
destinations:
  main:${DESTINATION}
`;
}

/** A valid configuration with `lines` added to its destination. */
export function withDestination(lines: string): string {
  return `destinations:\n  main:${DESTINATION}\n${indent(lines, 4)}\n`;
}

/** A configuration whose provider `api` is `lines`. */
export function withProvider(lines: string): string {
  return `providers:\n  api:\n${indent(lines, 4)}\n`;
}

/** A valid configuration whose destination has `text` as credentials. */
export function withCredentials(text: string): string {
  return withDestination('').replace('{ env: true }', () => text);
}

/** A valid configuration with `lines` added to its one provider. */
export function withApi(lines: string): string {
  return withProvider(`baseUrl: https://x.example\n${lines}`);
}

function indent(lines: string, width: number): string {
  return lines
    .split('\n')
    .map((line) => (line === '' ? '' : ' '.repeat(width) + line))
    .join('\n');
}

/** Any text that holds `part`, for use in an expected value. */
export function containing(part: string): unknown {
  return expect.stringContaining(part);
}
