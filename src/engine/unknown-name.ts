import type { LongshoreConfig } from '../config/config-types.ts';
import { suggest } from '../config/suggest.ts';
import type { RpcRefusal } from '../protocol/rpc-errors.ts';
import { notFound } from './refusals.ts';

/** How many names a refusal lists. */
const MAX_LISTED = 20;

type Kind = 'folder' | 'destination' | 'provider';

function namesOf(config: LongshoreConfig, kind: Kind): readonly string[] {
  return kind === 'folder' ? config.folders.map(({ name }) => name) : Object.keys(config[`${kind}s`]);
}

/** The refusal of a name that the configuration does not have: which one was meant most likely, and which there are. */
export function unknownName(config: LongshoreConfig, kind: Kind, name: string): RpcRefusal {
  const names = namesOf(config, kind);
  const meant = suggest(name, names);
  const more = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : '';
  const listed = `${names.slice(0, MAX_LISTED).join(', ')}${more}`;
  const there = names.length === 0 ? `The configuration has no ${kind}s.` : `There are these ${kind}s: ${listed}.`;
  return notFound(`There is no ${kind} "${name}".`, meant === null ? there : `Did you mean "${meant}"? ${there}`);
}

/** Throws an RpcRefusal for a name that the configuration does not have. */
export function requireKnown(config: LongshoreConfig, kind: Kind, name: string): void {
  if (!namesOf(config, kind).includes(name)) throw unknownName(config, kind, name);
}
