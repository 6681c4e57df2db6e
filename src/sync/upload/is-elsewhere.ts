import type { UploadTarget } from './upload-context.ts';

/** Whether this lies where the destination's name led once, and leads no longer. */
export function isElsewhere<T extends { readonly place: string | null }>(
  left: T,
  target: Pick<UploadTarget, 'place'>,
): left is T & { readonly place: string } {
  return left.place !== null && left.place !== target.place;
}
