import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { linksOf } from './promises.ts';

/** Where a path in backticks can begin: at the repository, or at the code. */
const TOP = /^(src|test|tools|docs|electron|renderer|bench|build|examples|bin)\//;
const CODE = ['src', 'test', 'tools', 'electron', 'renderer', 'bench', 'build'];

/** Everything that the documents name and that is not there: links, files, npm scripts, commands of `longshore`. */
export function findLost(root: string, documents: readonly string[]): string[] {
  const scripts = new Set(Object.keys(packageScripts(root)));
  const files = new Set(CODE.flatMap((dir) => filesBelow(root, dir)));
  const names = new Set([...files].map((file) => basename(file)));
  const commands = commandNames(root);
  return documents.flatMap((document) => {
    const markdown = readFileSync(join(root, document), 'utf8');
    const base = dirname(document);
    const lost = [
      ...linksOf(markdown).filter((link) => !existsSync(resolve(root, base, link))),
      ...pathsIn(markdown).filter((path) => !isThere(root, base, path, files, names)),
      ...[...markdown.matchAll(/npm run ([a-z][\w:-]*)/g)].flatMap(([said, script = '']) =>
        scripts.has(script) ? [] : [said],
      ),
      ...commandsIn(markdown).filter((command) => !commands.has(command)),
    ];
    return [...new Set(lost)].map((each) => `${document} names ${each}, which is not there`);
  });
}

/** Documents that people read, with "/" and from the root. */
export function documentsOf(root: string): string[] {
  const tops = readdirSync(root).filter((name) => name.endsWith('.md'));
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const beside = ['bench/README.md', 'tools/s3/README.md'].filter((path) => existsSync(join(root, path)));
  return [...tops, ...docs.map((name) => `docs/${name}`), ...beside];
}

/** What stands in backticks and looks like a file of the repository. */
function pathsIn(markdown: string): string[] {
  return [...markdown.matchAll(/`([^`\s]+)`/g)]
    .map(([, word = '']) => word)
    .filter((word) => /^[\w./*-]+$/.test(word) && (TOP.test(word) || /^[\w/-]+\.(ts|tsx|mjs)$/.test(word)));
}

/** At the root or beside the document; a file's bare name, or the end of its path, does where it says which. */
function isThere(root: string, base: string, path: string, files: ReadonlySet<string>, names: ReadonlySet<string>) {
  if (path.includes('*')) {
    const pattern = new RegExp(`^${path.replaceAll('.', String.raw`\.`).replaceAll('*', '[^/]*')}$`);
    return [...files].some((file) => pattern.test(file));
  }
  if (existsSync(join(root, path)) || existsSync(join(root, base, path)) || names.has(path)) return true;
  return path.includes('/') && [...files].some((file) => file.endsWith(`/${path}`));
}

/** `longshore COMMAND`, in code alone: a sentence may go on after the product's name. */
function commandsIn(markdown: string): string[] {
  const code = [...markdown.matchAll(/```[\s\S]*?```|`[^`]+`/g)].map(([text]) => text).join('\n');
  return [...code.matchAll(/(?:^|[\s`$])longshore(?: --)? ([a-z]+)/gm)].map(([, command = '']) => command);
}

/** As the program registers them. */
function commandNames(root: string): ReadonlySet<string> {
  const sources = filesBelow(root, 'src/cli')
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(root, file), 'utf8'));
  const names = sources.flatMap((source) =>
    [...source.matchAll(/(?:\.command\(|name: )'([a-z]+)/g)].map(([, name = '']) => name),
  );
  return new Set([...names, 'help']);
}

function packageScripts(root: string): Record<string, string> {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts?: Record<string, string>;
  };
  return scripts ?? {};
}

function filesBelow(root: string, dir: string): string[] {
  if (!existsSync(join(root, dir))) return [];
  return readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' }).map((name) =>
    `${dir}/${name}`.replaceAll('\\', '/'),
  );
}
