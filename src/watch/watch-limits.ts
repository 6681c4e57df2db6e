/** System limits on watching, in words, by errno. */
export const WATCH_LIMITS: Readonly<Record<string, string>> = {
  ENOSPC: 'the system has no file watches left (fs.inotify.max_user_watches)',
  EMFILE: 'the system has no watchers left (fs.inotify.max_user_instances, or open files)',
  ENFILE: 'the system has no open files left',
};

const SENTENCES: ReadonlySet<string> = new Set(Object.values(WATCH_LIMITS));

/** Whether a watch is blind for a limit of the system, which a person can raise. `reason`: one that a watch gave. */
export function isWatchLimit(reason: string): boolean {
  return SENTENCES.has(reason);
}
