/**
 * How many calls of the system the engine's process can have under way at once (`UV_THREADPOOL_SIZE`; Node's default is 4,
 * for files and the look-up of names together). A call to a network drive that is gone holds a thread until the drive comes
 * back: with four of them no other folder's file could be opened and no service found (P10). One folder can hold no more
 * than four (`../watch/folder-calls.ts`), so that seven dead drives leave room. A thread costs 8 KB, and 80 KB once it
 * has worked (docs/performance.md, "Memory").
 */
export const SYSTEM_CALL_THREADS = 32;
