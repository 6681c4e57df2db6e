import { z } from 'zod';

import { GLOBAL_CONCURRENCY_MAX } from './defaults.ts';
import { destinationSchema } from './schema-destination.ts';
import { folderSchema } from './schema-folder.ts';
import { displayName, autoOr, entryName } from './schema-parts.ts';
import { providerSchema } from './schema-provider.ts';

/** `http://…` and `PROVIDER:/path` share one argument of `longshore call`. */
const providerName = entryName.refine((name) => !/^https?$/i.test(name), {
  error: 'A provider can’t be called http or https: `longshore call` takes these for addresses.',
});

/**
 * The configuration as it is written (CONTRACT.md), checked but without defaults. It knows the whole contract, also what
 * is not built yet, so that this is refused by name. What depends on two keys at once is in cross-checks.ts.
 */
export const configSchema = z
  .strictObject({
    device: displayName(
      'A device’s name has 1 to 64 characters, without "/", "\\" and line breaks.',
      'Name of this machine in conflict copies. Default: the host name.',
    ).optional(),
    folders: z.array(folderSchema).meta({ description: 'The directories to watch.' }).nullish(),
    destinations: z.record(entryName, destinationSchema).meta({ description: 'Where files go, by name.' }).nullish(),
    providers: z.record(providerName, providerSchema).meta({ description: 'HTTP APIs, by name.' }).nullish(),
    flows: notYetSection(
      'flows',
      { type: 'object', maxProperties: 0 },
      'Remove what is in "flows"; queue single calls with `longshore call` instead.',
    ),
    subscriptions: notYetSection(
      'subscriptions',
      { type: 'array', maxItems: 0 },
      'Remove what is in "subscriptions"; follow events with `longshore watch --json`.',
    ),
    limits: z
      .strictObject({
        uploadKiBps: z
          .number()
          .min(0)
          .superRefine((rate, context) => {
            if (rate === 0) return;
            const hint = 'Use "uploadKiBps: 0" (no limit); "concurrency" bounds how much goes on at once.';
            context.addIssue({
              code: 'custom',
              message: 'A bandwidth limit (uploadKiBps) is not available yet.',
              params: { hint },
            });
          })
          .meta({ description: 'Bandwidth limit; 0: none (the only value so far).', default: 0, maximum: 0 })
          .optional(),
        concurrency: autoOr(GLOBAL_CONCURRENCY_MAX, 'Transfers at once over all destinations.').optional(),
      })
      .meta({ description: 'Bounds for the whole engine.' })
      .nullish(),
  })
  .meta({ title: 'Longshore configuration' });

/** A section that the contract shows empty: `{}`, `[]` and nothing at all are fine. */
function notYetSection(name: string, shown: Record<string, unknown>, instead: string) {
  return z
    .unknown()
    .superRefine((value, context) => {
      const empty = value === null || (typeof value === 'object' && Object.keys(value).length === 0);
      if (!empty)
        context.addIssue({ code: 'custom', message: `${name} is not available yet.`, params: { hint: instead } });
    })
    .optional()
    .meta({ description: 'Not available yet: only empty.', ...shown });
}

export type ConfigInput = z.infer<typeof configSchema>;
