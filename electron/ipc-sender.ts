import { isAppUrl } from './renderer-path.ts';

export interface Sender {
  readonly isOwnWindow: boolean;
  readonly isTopFrame: boolean;
  /** The document that the frame shows. */
  readonly address: string;
}

/** Why this sender is not listened to; null when it is our window. */
export function judgeSender({ isOwnWindow, isTopFrame, address }: Sender): string | null {
  if (!isOwnWindow) return 'not our window';
  if (!isTopFrame) return 'not its top frame';
  return isAppUrl(address) ? null : 'not our document';
}
