/**
 * `work`, or a rejection with the signal's reason as soon as it aborts. For the steps before a request is sent that take no
 * signal themselves (credentials from a process or a log-in service); once it is sent, the transport stops it.
 */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    work
      .finally(() => signal.removeEventListener('abort', onAbort))
      // After an abort these settle a promise that is settled: nothing is left unhandled.
      .then(resolve, reject);
  });
}
