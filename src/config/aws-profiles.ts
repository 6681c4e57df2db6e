import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from './substitute-env.ts';

/** Where a profile was looked for. */
interface LookedIn {
  readonly path: string;
  readonly state: 'read' | 'missing' | 'unreadable';
}

/**
 * Null when the shared AWS files have a section of that name; else where it was looked for, in words for people. The files
 * and what moves them are those of the AWS SDKs and of its command line.
 */
export function whereProfileIsMissing(profile: string, env: Environment): string | null {
  const directory = join(homedir(), '.aws');
  const files = [
    { path: nonEmpty(env['AWS_SHARED_CREDENTIALS_FILE']) ?? join(directory, 'credentials'), prefix: '' },
    { path: nonEmpty(env['AWS_CONFIG_FILE']) ?? join(directory, 'config'), prefix: 'profile ' },
  ];
  const looked: LookedIn[] = [];
  for (const { path, prefix } of files) {
    const text = read(path);
    if (typeof text === 'object') looked.push(text);
    else if (sections(text).some((name) => name === prefix + profile || (name === 'default' && profile === name)))
      return null;
    else looked.push({ path, state: 'read' });
  }
  return looked.map(({ path, state }) => path + STATE_WORDS[state]).join(' or ');
}

const STATE_WORDS: Readonly<Record<LookedIn['state'], string>> = {
  read: '',
  missing: ' (no such file)',
  unreadable: ' (can’t be read)',
};

function read(path: string): string | LookedIn {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return { path, state: isMissing ? 'missing' : 'unreadable' };
  }
}

/** What stands in brackets, with a name in quotes as without. */
function sections(text: string): readonly string[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const name = /^\s*\[([^\]]+)\]/.exec(line)?.[1];
    return name === undefined
      ? []
      : [
          name
            .trim()
            .replace(/\s+/g, ' ')
            .replace(/(["'])(.*)\1$/, '$2'),
        ];
  });
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
