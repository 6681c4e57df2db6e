/** A folder that a watch thread is for. */
export interface WatchOrder {
  readonly root: string;
  readonly ignore: readonly string[];
  /** Trees with more entries than this get the leaner watch. */
  readonly leanAbove: number;
}

/** What the watch thread says of a folder. Each `dirty` and `overflow` is answered by `taken` before the next is sent. */
export type WatchReport =
  | { readonly kind: 'dirty'; readonly dirs: readonly string[] }
  | { readonly kind: 'overflow'; readonly reasons: readonly string[] }
  | { readonly kind: 'degraded'; readonly reason: string | null };

/** What the watch thread is told, of one of its folders by the number that the first note gave it. */
export type WatchNote =
  | { readonly kind: 'start'; readonly folder: number; readonly order: WatchOrder }
  | { readonly kind: 'taken'; readonly folder: number }
  | { readonly kind: 'stop'; readonly folder: number };

/** What the watch thread says, and of which folder. */
export interface WatchNews {
  readonly folder: number;
  readonly report: WatchReport;
}

/** Hints are collected for so long, so that a burst in one directory is one hint. */
export const COLLECT_MS = 30;
/** More dirty directories than these that wait to be taken are an overflow: a full scan is cheaper. */
export const DIRTY_MAX = 5000;
