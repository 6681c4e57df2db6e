import type { ClientRequest } from 'node:http';

/** Small enough for smooth progress, large enough to cost little. */
const SLICE_BYTES = 64 * 1024;
/** Slices handed to the socket and not yet taken by the system. More would only make abort and progress coarser. */
const SLICES_IN_FLIGHT = 4;

export interface BodyEvents {
  /** Asked before each slice; false leaves the rest of the body unsent. */
  wanted(): boolean;
  /** The system took `bytes` more. */
  onSent(bytes: number): void;
  /** The system took the whole request. */
  onEnd(): void;
}

/** Sends the request with its body, slice by slice as the socket takes them. Failures come as errors of `request`. */
export function sendBody(request: ClientRequest, body: Uint8Array | null, events: BodyEvents): void {
  request.once('finish', () => events.onEnd());
  if (body === null || body.length === 0) {
    request.end();
    return;
  }
  let offset = 0;
  let inFlight = 0;
  let ended = false;
  const pump = () => {
    while (inFlight < SLICES_IN_FLIGHT && offset < body.length && events.wanted()) {
      const slice = body.subarray(offset, offset + SLICE_BYTES);
      offset += slice.length;
      inFlight += 1;
      request.write(slice, (error) => {
        inFlight -= 1;
        if (error !== null && error !== undefined) return;
        events.onSent(slice.length);
        pump();
      });
    }
    if (offset === body.length && !ended) {
      ended = true;
      request.end();
    }
  };
  pump();
}
