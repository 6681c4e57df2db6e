import type { StatusView } from '../../src/protocol/shapes.ts';

/** The demo is recognised by its configuration, which it writes to `demo/config.yaml` in the data directory. */
export function isDemo({ configFile, dataDir }: StatusView['engine']): boolean {
  if (configFile === null) return false;
  const plain = (path: string) => path.replaceAll('\\', '/').replace(/\/+$/, '');
  return plain(configFile) === `${plain(dataDir)}/demo/config.yaml`;
}
