/** The user "nobody" of Linux and the BSDs. */
const NOBODY = 65_534;

/** Runs the task without root's right to read everything, so that file modes mean what they say. As a normal user: just runs it. */
export async function asNobody<T>(task: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0 || process.seteuid === undefined) return task();
  process.seteuid(NOBODY);
  try {
    return await task();
  } finally {
    process.seteuid(0);
  }
}
