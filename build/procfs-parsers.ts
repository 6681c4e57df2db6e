import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/**
 * A dependency of `trash` loads its parsers by names that are made when it runs, without ".js". esbuild puts all of them into
 * the bundle, under their whole names: so the name has to be whole as well. Fails the build when the line is another one.
 */
export const procfsParsers: Plugin = {
  name: 'procfs-parsers',
  setup(build) {
    build.onLoad({ filter: /[\\/]@stroncium[\\/]procfs[\\/]lib[\\/]parsers\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const contents = source.replace('require(`./parsers/${name}`)', 'require(`./parsers/${name}.js`)');
      if (contents === source) return { errors: [{ text: 'the line that loads a parser is not there any more' }] };
      return { contents, loader: 'js' };
    });
  },
};
