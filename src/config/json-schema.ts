import { z } from 'zod';

import { AUTH_TYPES_LATER, schemaMarks } from './schema-marks.ts';
import { configSchema } from './schema.ts';

/**
 * The configuration's JSON Schema (draft 7, which editors' YAML support understands best), for completion and for
 * checks elsewhere. What is refused as "not available yet" is left out, so that editors don't offer it.
 */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, {
    target: 'draft-07',
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const { available } = schemaMarks(zodSchema);
      if (available !== null) jsonSchema.enum = [...available];
    },
  });
  const cleaned = withoutMarks(schema);
  return typeof cleaned === 'object' && cleaned !== null ? { ...cleaned } : {};
}

function withoutMarks(node: unknown): unknown {
  if (Array.isArray(node)) return node.filter((item) => !isNotYet(item)).map(withoutMarks);
  if (typeof node !== 'object' || node === null) return node;
  const { anyOf, ...rest } = node as { anyOf?: readonly Record<string, unknown>[] };
  // A section that is left empty is accepted, but nothing to propose.
  const sections = anyOf?.filter(({ type }) => type !== 'null');
  if (sections?.length === 1) return withoutMarks({ ...sections[0], ...rest });
  const entries = Object.entries(node)
    .filter(([key, value]) => key !== 'available' && key !== '~standard' && !isNotYet(value))
    .map(([key, value]) => [key, withoutMarks(value)] as const);
  return Object.fromEntries(entries);
}

/** A schema with the mark, or an alternative of a union that stands for a kind of auth not built yet. */
function isNotYet(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false;
  if ('notYet' in node && node.notYet === true) return true;
  return 'const' in node && AUTH_TYPES_LATER.some((type) => type === node.const);
}
