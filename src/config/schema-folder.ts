import { z } from 'zod';

import { displayName, choice, duration, keyPrefix, notYetKey, size, text } from './schema-parts.ts';

export const folderSchema = z
  .strictObject({
    name: displayName(
      'A folder’s name has 1 to 64 characters, without "/", "\\" and line breaks.',
      'Unique name, shown everywhere. Default: the name of the directory.',
    ).optional(),
    path: z
      .string({
        error: 'Write the path of a directory. For the home directory write ~/ (a bare ~ means "nothing" in YAML).',
      })
      .min(1)
      .max(4096)
      .meta({
        description: 'The directory to watch. Relative paths start at this file’s directory; ~/ is the home directory.',
      }),
    destination: text('Name of the destination in `destinations`.'),
    prefix: keyPrefix(
      'Put before the relative path to form the object key. Without a leading "/"; ends with "/".',
    ).optional(),
    mode: choice(
      'mode',
      ['drop'],
      { mirror: 'Use "mode: drop": new and changed files go up, and a local delete leaves the remote object.' },
      'drop: new and changed files go up; a local delete leaves the remote object.',
    ).optional(),
    conflict: choice('conflict', ['manual'], conflictStrategiesLater(), 'manual: a conflict waits for you.').optional(),
    ignore: z
      .array(z.string().min(1).max(1024))
      .max(1000)
      .meta({ description: 'Patterns of files to leave out, as in .gitignore.', examples: [['*.bak', 'cache/']] })
      .optional(),
    priority: z
      .enum(['low', 'normal', 'high', 'critical'])
      .meta({ description: 'Which folder’s files go first when there is a queue.', default: 'normal' })
      .optional(),
    afterUpload: choice(
      'afterUpload',
      ['keep'],
      {
        trash: 'Use "afterUpload: keep": Longshore leaves local files as they are.',
        archive: 'Use "afterUpload: keep": Longshore leaves local files as they are.',
      },
      'keep: local files stay as they are.',
    ).optional(),
    on: notYetKey('on (a flow or call per event)', 'Remove "on"; queue calls with `longshore call` instead.'),
    maxFileSize: size('Larger files are ignored. Default: no limit.').optional(),
    minFileSize: size('Smaller files are ignored.').meta({ default: 0 }).optional(),
    stability: duration('How long a file must stand still before it is taken.', 0, 3_600_000, 'from 0s to 1h')
      .meta({ default: '500ms' })
      .optional(),
    scanInterval: duration(
      'Longest time between two full scans. Default: adapts to the size of the folder, at most 10m.',
      5000,
      86_400_000,
      'from 5s to 1d',
    ).optional(),
    paused: z.boolean().meta({ description: 'true: nothing of this folder starts.', default: false }).optional(),
  })
  .meta({ description: 'A watched directory with its rules and its destination.' });

/** The strategies of DESIGN section 7 that are refused so far, each with what to use instead. */
export function conflictStrategiesLater(): Readonly<Record<string, string>> {
  const instead = 'Use "conflict: manual", and settle conflicts with `longshore resolve`.';
  return { 'keep-both': instead, 'local-wins': instead, 'remote-wins': instead, 'newest-wins': instead };
}

export type FolderInput = z.infer<typeof folderSchema>;
