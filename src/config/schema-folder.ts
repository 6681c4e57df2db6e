import { z } from 'zod';

import { ASK_ABOVE_DELETES } from './defaults.ts';
import { directory, displayName, duration, keyPrefix, notYetKey, percentage, size, text } from './schema-parts.ts';

const deletesSchema = z
  .strictObject({
    grace: duration('How long a file has to be gone before its object is deleted.', 0, 7 * 86_400_000, 'from 0s to 7d')
      .meta({ default: '60s' })
      .optional(),
    askAboveFiles: z
      .int()
      .min(0)
      .max(1_000_000_000)
      .meta({
        description: 'When more files than this, and more than "askAboveShare", are gone at once, you are asked first.',
        default: ASK_ABOVE_DELETES,
      })
      .optional(),
    askAboveShare: percentage('The part of the folder’s files that goes with "askAboveFiles".')
      .meta({ default: '20%' })
      .optional(),
  })
  .meta({ description: 'How deletes follow in mirror mode.' });

export const folderSchema = z
  .strictObject({
    name: displayName(
      'A folder’s name has 1 to 64 characters, without "/", "\\" and line breaks.',
      'Unique name, shown everywhere. Default: the name of the directory.',
    ).optional(),
    path: directory('The directory to watch. Relative paths start at this file’s directory; ~/ is the home directory.'),
    destination: text('Name of the destination in `destinations`.'),
    prefix: keyPrefix(
      'Put before the relative path to form the object key. Without a leading "/"; ends with "/".',
    ).optional(),
    mode: z
      .enum(['drop', 'mirror'])
      .meta({
        description:
          'drop: new and changed files go up; a local delete leaves the remote object. mirror: deletes and moves follow.',
        default: 'drop',
      })
      .optional(),
    conflict: z
      .enum(['manual', 'keep-both', 'local-wins', 'remote-wins', 'newest-wins'])
      .meta({
        description:
          'Who wins when the remote object was changed as well. manual: waits for you. keep-both: yours goes up under a name of its own.',
        default: 'manual',
      })
      .optional(),
    ignore: z
      .array(z.string().min(1).max(1024))
      .max(1000)
      .meta({ description: 'Patterns of files to leave out, as in .gitignore.', examples: [['*.bak', 'cache/']] })
      .optional(),
    priority: z
      .enum(['low', 'normal', 'high', 'critical'])
      .meta({ description: 'Which folder’s files go first when there is a queue.', default: 'normal' })
      .optional(),
    afterUpload: z
      .enum(['keep', 'trash', 'archive'])
      .meta({
        description:
          'What happens to the local file when it is safely stored. trash: to the system’s trash. archive: moved to "archivePath".',
        default: 'keep',
      })
      .optional(),
    archivePath: directory('Where "afterUpload: archive" moves files; outside of every watched folder.').optional(),
    deletes: deletesSchema.optional(),
    on: notYetKey('on (a flow or call per event)', 'Remove "on"; queue calls with `longshore call` instead.'),
    maxFileSize: size(
      'Larger files are not taken; each shows as failed, so that none is missed. Default: no limit.',
    ).optional(),
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

export type FolderInput = z.infer<typeof folderSchema>;
