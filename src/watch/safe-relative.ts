/** What no part of a path may be: on Windows also what the system reads as a device, a stream or a way up. */
const NEVER = new Set(['', '.', '..']);
const WINDOWS_NEVER = /[<>:"|?*\\\p{Cc}]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/iu;

/** Whether a relative path, "/"-separated, can be a file in a folder of this computer: remote keys are not trusted. */
export function isSafeRelative(relative: string, platform: NodeJS.Platform = process.platform): boolean {
  return relative
    .split('/')
    .every((part) => !NEVER.has(part) && !part.includes('\0') && !(platform === 'win32' && WINDOWS_NEVER.test(part)));
}
