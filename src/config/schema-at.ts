import { z } from 'zod';

import type { KeyPath } from './key-path.ts';
import { memberOf } from './plain-data.ts';
import { schemaMarks } from './schema-marks.ts';

type Schema = z.core.$ZodType;

/** The schema that governs `path` for the data at hand; null where there is no such place. */
export function schemaAt(schema: Schema, path: KeyPath, root: unknown): Schema | null {
  return schemasAt(schema, path, root)[0] ?? null;
}

/** The alternatives at `path` that are mappings. */
export function objectsAt(schema: Schema, path: KeyPath, root: unknown): readonly z.ZodObject[] {
  return schemasAt(schema, path, root).filter((candidate) => candidate instanceof z.ZodObject);
}

function schemasAt(root: Schema, path: KeyPath, value: unknown): readonly Schema[] {
  let schemas: readonly Schema[] = unfold(root, value);
  let current = value;
  for (const part of path) {
    current = memberOf(current, part);
    const childSchemas: Schema[] = [];
    for (const schema of schemas) {
      const child = childSchema(schema, part);
      if (child !== null) childSchemas.push(...unfold(child, current));
    }
    if (childSchemas.length === 0) return [];
    schemas = childSchemas;
  }
  return schemas;
}

/** The keys that an object schema knows, those left out that are refused as not available yet. */
export function knownKeys(schema: Schema | null): readonly string[] {
  if (!(schema instanceof z.ZodObject)) return [];
  const shape = schema.shape as Readonly<Record<string, z.ZodType>>;
  return Object.keys(shape).filter((key) => !schemaMarks(shape[key]).notYet);
}

/** The concrete schemas behind optional, nullable and unions; of a discriminated union only the one that `value` names. */
function unfold(schema: Schema, value: unknown): readonly Schema[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return unfold(schema.unwrap(), value);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = schema.def;
    const kind = memberOf(value, discriminator);
    return schema.options.filter((option) => {
      const literal = childSchema(option, discriminator);
      if (!(literal instanceof z.ZodLiteral)) return false;
      const values: ReadonlySet<unknown> = literal.values;
      return values.has(kind);
    });
  }
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => unfold(option, value));
  return [schema];
}

function childSchema(schema: Schema, part: string | number): Schema | null {
  if (schema instanceof z.ZodObject) {
    const shape = schema.shape as Readonly<Record<string, Schema>>;
    return Object.hasOwn(shape, part) ? (shape[part] ?? null) : null;
  }
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodArray) return schema.element;
  return null;
}
