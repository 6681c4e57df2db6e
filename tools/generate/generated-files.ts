import { format, resolveConfig } from 'prettier';
import { join } from 'node:path';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { repositoryRoot } from '../setup/paths.ts';
import { errorDocs } from './error-docs.ts';
import { schemaSql } from './schema.ts';

export interface GeneratedFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

/** Every generated file with the text that it has to have now, formatted as the repository's files are. */
export async function generatedFiles(): Promise<GeneratedFile[]> {
  return [
    { path: 'src/db/schema.sql', text: schemaSql() },
    await formatted('docs/errors.md', errorDocs()),
    await formatted('docs/config.schema.json', JSON.stringify(configJsonSchema())),
  ];
}

async function formatted(path: string, text: string): Promise<GeneratedFile> {
  const filepath = join(repositoryRoot, path);
  const options = await resolveConfig(filepath);
  return { path, text: await format(text, { ...options, filepath }) };
}
