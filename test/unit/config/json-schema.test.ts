import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

import { configJsonSchema } from '../../../src/config/json-schema.ts';

type Node = Readonly<Record<string, unknown>>;

/** Every schema that describes a key of a mapping, with its path. */
function properties(root: unknown): readonly (readonly [string, Node])[] {
  const found: (readonly [string, Node])[] = [];
  const visit = (node: unknown, path: string) => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === 'properties') {
        for (const [name, schema] of Object.entries<Node>(value)) {
          found.push([`${path}.${name}`, schema]);
          visit(schema, `${path}.${name}`);
        }
      } else visit(value, `${path}.${key}`);
    }
  };
  visit(root, '');
  return found;
}

describe('the JSON Schema', () => {
  const schema = configJsonSchema();
  const text = JSON.stringify(schema);

  it('describes every key, for completion', () => {
    const all = properties(schema);
    expect(all.length).toBeGreaterThan(50);
    const bare = all
      .filter(([path, node]) => typeof node['description'] !== 'string' && !path.endsWith('.type'))
      .map(([path]) => path);
    expect(bare).toEqual([]);
  });

  it('does not propose what is not available yet', () => {
    for (const later of ['oauth2', 'hmac', 'rateLimit', 'healthCheck', 'notYet', '"available"', '"on"']) {
      expect(text, later).not.toContain(later);
    }
    expect(schema).toMatchObject({
      properties: { flows: { type: 'object', maxProperties: 0 }, subscriptions: { type: 'array', maxItems: 0 } },
    });
  });

  it('names defaults and choices', () => {
    expect(schema).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      additionalProperties: false,
      properties: {
        folders: {
          type: 'array',
          items: {
            required: ['path', 'destination'],
            properties: {
              mode: { enum: ['drop', 'mirror'], default: 'drop' },
              conflict: { enum: ['manual', 'keep-both', 'local-wins', 'remote-wins', 'newest-wins'] },
              deletes: { properties: { askAboveFiles: { default: 50 }, askAboveShare: { default: '20%' } } },
              priority: { default: 'normal' },
              stability: { default: '500ms' },
            },
          },
        },
      },
    });
  });

  it('accepts the examples and refuses an unknown key, as another validator reads it', () => {
    // zod's own reader of JSON Schema knows nothing of how ours was written.
    const validator = z.fromJSONSchema(schema);
    for (const example of ['minimal', 'full']) {
      const data: unknown = parse(readFileSync(join(import.meta.dirname, `../../../examples/${example}.yaml`), 'utf8'));
      expect(validator.safeParse(data).error?.issues ?? []).toEqual([]);
      expect(validator.safeParse({ ...(data as object), folers: [] }).success).toBe(false);
    }
  });
});
