// `npm run generate`: writes what is generated from the sources. A unit test fails where one of these files is stale.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../setup/paths.ts';
import { generatedFiles } from './generated-files.ts';

for (const { path, text } of await generatedFiles()) {
  writeFileSync(join(repositoryRoot, path), text);
  console.log(path);
}
