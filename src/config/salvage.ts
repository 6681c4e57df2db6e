import { z } from 'zod';

import { isMapping } from './plain-data.ts';

/** What can be relied on in an entry that may hold other mistakes. */
export interface Salvaged<Input> {
  /** The keys whose values are valid in themselves. */
  readonly valid: Readonly<Partial<Input>>;
  /** Whether the key is there, valid or not. */
  readonly has: (key: keyof Input & string) => boolean;
}

/** Takes the valid keys of an entry, so that one mistake in it does not hide what else is wrong with it. */
export function salvage<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  value: unknown,
  isBroken: (key: string) => boolean,
): Salvaged<z.infer<z.ZodObject<Shape>>> {
  const entry = isMapping(value) ? value : {};
  const valid: Record<string, unknown> = {};
  for (const [key, field] of Object.entries<z.core.$ZodType>(schema.shape)) {
    if (!Object.hasOwn(entry, key) || isBroken(key)) continue;
    const parsed = z.safeParse(field, entry[key]);
    if (parsed.success && parsed.data !== undefined) valid[key] = parsed.data;
  }
  // Each value was checked by the schema of its own key: together they are what the whole schema would give.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { valid: valid as Partial<z.infer<z.ZodObject<Shape>>>, has: (key) => Object.hasOwn(entry, key) };
}
