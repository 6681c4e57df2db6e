/**
 * When a file system counts as silent (P10): after so many looks in a row at which nothing had moved. Looks and no span of
 * time: a laptop that slept has not waited for its drive. A sleeping disk needs up to 20 s to wake.
 */
export const SILENT_LOOKS = 12;
/** From one look to the next, ms. */
export const LOOK_MS = 5000;
