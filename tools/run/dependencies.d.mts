/** The arguments for npm, under the Node that runs it, to install what runs under the pinned one. */
export function installArguments(runningVersion: string, pinnedVersion: string): readonly string[];
