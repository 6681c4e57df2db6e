/** What the process of a headless engine is started with. */

export const engineEnv = {
  /**
   * glibc gives each thread that allocates at the same time an arena of its own, up to eight for each processor, and returns
   * little of what a burst has left in them: SQLite, zlib and Node's own code have a dozen threads here. Two arenas hold as
   * much less as they are fewer, and cost no time that could be measured (docs/performance.md, "Memory"). Ignored by other
   * allocators: musl's, macOS's, Chromium's in the app.
   */
  MALLOC_ARENA_MAX: '2',
  /** As `SYSTEM_CALL_THREADS` (src/engine/system-call-threads.ts), which the app starts its engine with. */
  UV_THREADPOOL_SIZE: '32',
};

/**
 * Node lets the young generation of each thread grow to a hundred MiB under load; with half-spaces of at most 16 MiB the same
 * work takes the same time. Electron has this limit by itself.
 */
export const v8Flags = ['--max-semi-space-size=16'];
