import { constants } from 'node:fs';

/**
 * Never through a final link, and without waiting for the other end of a named pipe that took the file's place. Windows
 * has neither flag.
 */
export const OPEN_FLAGS =
  constants.O_RDONLY |
  ((constants as Partial<typeof constants>).O_NOFOLLOW ?? 0) |
  ((constants as Partial<typeof constants>).O_NONBLOCK ?? 0);
