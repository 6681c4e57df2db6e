import { z } from 'zod';

/** Marks in a schema's metadata that messages and the JSON Schema export act on; the export removes them. */
export interface SchemaMarks {
  /** Known, refused by name, and not offered to people. */
  readonly notYet: boolean;
  /** The values of an enum that can be used now; null: all of them. */
  readonly available: readonly string[] | null;
}

export function schemaMarks(schema: z.core.$ZodType | null | undefined): SchemaMarks {
  const meta = schema === null || schema === undefined ? undefined : z.globalRegistry.get(schema);
  const available: unknown = meta?.['available'];
  return {
    notYet: meta?.['notYet'] === true,
    available: Array.isArray(available) ? available.map(String) : null,
  };
}

/** Types of auth of DESIGN section 8 that are refused by name so far. */
export const AUTH_TYPES_LATER = ['hmac', 'oauth2'] as const;
