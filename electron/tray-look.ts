import { attentionCount, isPaused, type TrayModel } from './tray-menu.ts';

export type TrayLook =
  | { readonly state: 'idle' | 'paused' | 'attention' | 'offline' }
  /** `eighths` of the batch are done, 0 to 8. */
  | { readonly state: 'syncing'; readonly eighths: number };

/** Which icon the tray shows. What needs a person wins over progress: it would be seen only when all is done. */
export function trayLook({ status, engine, batch }: TrayModel): TrayLook {
  if (engine.state === 'failed') return { state: 'attention' };
  if (engine.state !== 'running' || status === null) return { state: 'idle' };
  if (isPaused(status)) return { state: 'paused' };
  if (status.state === 'error' || attentionCount(status) > 0) return { state: 'attention' };
  if (status.state === 'offline') return { state: 'offline' };
  if (status.counts.running === 0) return { state: 'idle' };
  const total = batch.done + batch.outstanding;
  return { state: 'syncing', eighths: total === 0 ? 0 : Math.floor((batch.done / total) * 8) };
}

/** The file of that icon, without the ending that tells its kind and scale. */
export function iconName(look: TrayLook): string {
  return look.state === 'syncing' ? `syncing-${look.eighths}` : look.state;
}
