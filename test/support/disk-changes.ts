/** Functions of `node:fs/promises` that change what is on the disk; `open` may. */
export const CHANGES = ['mkdir', 'open', 'writeFile', 'link', 'rename', 'unlink', 'chmod', 'utimes'] as const;

/** What some disks refuse that the one of a test can do: the code of each function's error. */
export const REFUSED: Readonly<Record<string, Readonly<Partial<Record<string, string>>>>> = {
  plain: {},
  // FAT
  'no links': { link: 'EPERM' },
  // A bind mount, which has the device number of the other side.
  'no renames': { rename: 'EXDEV' },
};

/** The disk as a process under test sees it, through functions of `freezing`. */
export const disk = {
  refused: REFUSED['plain'] ?? {},
  /** So many changes from now nothing comes back any more, which leaves behind what a death there leaves. */
  freezes: Number.POSITIVE_INFINITY,
  onFrozen: (): void => undefined,
  /** What somebody else does right before a change of this name. */
  before: {} as Partial<Record<(typeof CHANGES)[number], () => void>>,
  /** What whoever stopped has left open. */
  opened: [] as { close(): Promise<void> }[],
};

type Change = (...args: readonly unknown[]) => Promise<unknown>;

/** `node:fs/promises` with changes that may be refused, or be the last, as `disk` says. */
export function freezing(real: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const wrapped = (name: (typeof CHANGES)[number], change: Change): Change => {
    return async (...args) => {
      disk.freezes -= 1;
      const isLast = disk.freezes === 0;
      try {
        disk.before[name]?.();
        const code = disk.refused[name];
        if (code !== undefined) throw Object.assign(new Error(`${name} is refused`), { code });
        const done = await change(...args);
        if (name === 'open') disk.opened.push(done as { close(): Promise<void> });
        return done;
      } finally {
        // Also after one that was refused: a name that is taken, say.
        if (isLast) {
          disk.onFrozen();
          await new Promise<never>(() => undefined);
        }
      }
    };
  };
  return { ...real, ...Object.fromEntries(CHANGES.map((name) => [name, wrapped(name, real[name] as Change)])) };
}
