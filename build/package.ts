// `npm run package`: the unpacked app in release/. With targets (`npm run package -- deb tar.gz`), those.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build, Platform } from 'electron-builder';
import { ensureBuild } from '../tools/run/ensure-build.ts';
import { ensureElectronRuntime } from '../tools/setup/electron-runtime.ts';
import { repositoryRoot } from '../tools/setup/paths.ts';
import { packageConfiguration } from './electron-builder.ts';

// Another project directory can be given for a trial of the packaging itself; it must be built already. And another place
// for what is made, which a test clears away.
const { values, positionals } = parseArgs({
  options: { root: { type: 'string' }, out: { type: 'string' } },
  allowPositionals: true,
});
const projectDir = path.resolve(values.root ?? repositoryRoot);
const outDir = path.resolve(values.out ?? path.join(projectDir, 'release'));
const targetNames = positionals.length > 0 ? positionals : ['dir'];

async function makePackage(): Promise<boolean> {
  if (values.root === undefined && !(await ensureBuild())) return false;
  const runtime = await ensureElectronRuntime();
  if (runtime.kind === 'fallback') {
    console.warn(`This is a TEST package: it holds Electron ${runtime.version}, because ours could not be downloaded.`);
    console.warn('It needs LONGSHORE_SQLITE_BINDING to open its database. Do not give it to anyone.');
  }
  const made = await build({
    projectDir,
    targets: Platform.current().createTarget(targetNames),
    config: {
      ...packageConfiguration,
      directories: { ...packageConfiguration.directories, output: outDir },
      electronDist: runtime.distDir,
      electronVersion: runtime.version,
    },
  });
  for (const file of made) console.log(`made ${path.relative(process.cwd(), file)}`);
  console.log(`The app is in ${path.relative(process.cwd(), outDir)}`);
  return true;
}

if (!(await makePackage())) process.exitCode = 1;
