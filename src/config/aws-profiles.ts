import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from './substitute-env.ts';

/**
 * Null when the shared AWS files have a section of that name; else where it was looked for, in words for people. The files
 * and what moves them are those of the AWS SDKs and of its command line.
 */
export function whereProfileIsMissing(profile: string, env: Environment): string | null {
  const directory = join(homedir(), '.aws');
  const files = [
    { path: nonEmpty(env['AWS_SHARED_CREDENTIALS_FILE']) ?? join(directory, 'credentials'), section: profile },
    {
      path: nonEmpty(env['AWS_CONFIG_FILE']) ?? join(directory, 'config'),
      section: profile === 'default' ? profile : `profile ${profile}`,
    },
  ];
  const looked: string[] = [];
  for (const { path, section } of files) {
    try {
      if (sections(readFileSync(path, 'utf8')).includes(section)) return null;
      looked.push(path);
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      looked.push(`${path} (${isMissing ? 'no such file' : 'can’t be read'})`);
    }
  }
  return looked.join(' or ');
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
