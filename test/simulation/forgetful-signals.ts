/**
 * Node keeps every combined signal that is listened to in memory. Engines that were killed never stop listening, and each
 * would hold its whole world: here a combined signal lives no longer than whoever waits for it.
 */
export function forgetCombinedSignals(): void {
  AbortSignal.any = (signals: Iterable<AbortSignal>): AbortSignal => {
    const combined = new AbortController();
    for (const signal of signals) {
      const abort = () => {
        combined.abort(signal.reason);
      };
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    }
    return combined.signal;
  };
}
