import { z } from 'zod';

import { GLOBAL_CONCURRENCY_MAX, HISTORY_DAYS_MAX, HISTORY_KEEP_DAYS, WEEK_WINDOWS_MAX } from './defaults.ts';
import { destinationSchema } from './schema-destination.ts';
import { folderSchema } from './schema-folder.ts';
import { displayName, autoOr, entryName, proxy, size, uploadRate } from './schema-parts.ts';
import { providerSchema } from './schema-provider.ts';
import { weekWindow, weekWindowWith } from './schema-week.ts';

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
        uploadKiBps: uploadRate('Bandwidth for all uploads together, KiB a second; 0: no limit.').optional(),
        schedule: z
          .array(
            weekWindowWith(
              { uploadKiBps: uploadRate('The limit in this stretch of the week; 0: no limit.') },
              'Another bandwidth limit in a stretch of the week.',
            ),
          )
          .max(WEEK_WINDOWS_MAX)
          .meta({ description: 'Other limits at certain times; the first entry that fits now holds.' })
          .optional(),
        concurrency: autoOr(GLOBAL_CONCURRENCY_MAX, 'Transfers at once over all destinations.').optional(),
        workingHours: z
          .array(weekWindow)
          .max(WEEK_WINDOWS_MAX)
          .meta({ description: 'Uploads start at these times only. Default: always.' })
          .optional(),
        minFreeDisk: size('With less room than this where the database lies, nothing new starts.')
          .meta({ default: '200MiB' })
          .optional(),
      })
      .meta({ description: 'Bounds for the whole engine.' })
      .nullish(),
    network: z
      .strictObject({
        proxy: proxy('How requests leave this machine; a destination can have its own.', 'system').optional(),
        pauseOnBattery: z
          .boolean()
          .meta({ description: 'true: nothing new starts while on battery.', default: false })
          .optional(),
        pauseOnMetered: z
          .boolean()
          .meta({
            description: 'true: nothing new starts on a connection that the system calls metered.',
            default: false,
          })
          .optional(),
      })
      .meta({ description: 'The way out of this machine, and when not to take it.' })
      .nullish(),
    history: z
      .strictObject({
        keepDays: z
          .int()
          .min(1)
          .max(HISTORY_DAYS_MAX)
          .meta({
            description: 'Events, and operations that have ended, are kept this long.',
            default: HISTORY_KEEP_DAYS,
          })
          .optional(),
      })
      .meta({ description: 'What is kept of what has happened.' })
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
