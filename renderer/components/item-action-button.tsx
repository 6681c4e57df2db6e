import {
  CircleX,
  Copy,
  ExternalLink,
  FolderSearch,
  HardDrive,
  Pause,
  Play,
  RotateCcw,
  Cloud,
  CloudOff,
  CloudUpload,
  Trash2,
  RotateCcwKey,
} from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import { useApp } from '../app-context.ts';
import type { ItemAction } from '../state/item-actions.ts';

const ICONS = {
  retry: RotateCcw,
  'retry-new-key': RotateCcwKey,
  cancel: CircleX,
  pause: Pause,
  resume: Play,
  reveal: FolderSearch,
  'open-remote': ExternalLink,
  'keep-local': HardDrive,
  'keep-remote': Cloud,
  'keep-both': Copy,
  'delete-theirs': Trash2,
  'upload-again': CloudUpload,
  'leave-deleted': CloudOff,
} as const satisfies Record<ItemAction, LucideIcon>;

const DECISIONS: ReadonlySet<ItemAction> = new Set([
  'keep-local',
  'keep-remote',
  'keep-both',
  'delete-theirs',
  'upload-again',
  'leave-deleted',
  'retry',
  'retry-new-key',
]);

/** Decisions are worth words; the rest is an icon. */
export function isDecision(action: ItemAction): boolean {
  return DECISIONS.has(action);
}

interface ItemActionButtonProps {
  readonly action: ItemAction;
  readonly ids: readonly string[];
  /** For the label: whose action it is. */
  readonly name: string;
  readonly words: boolean;
  readonly tabIndex?: number;
}

export function ItemActionButton({ action, ids, name, words, tabIndex = 0 }: ItemActionButtonProps) {
  const { commands, language } = useApp();
  const label = language.m.actions[action];
  const Icon = ICONS[action];
  return (
    <button
      type="button"
      className={words ? 'button button-small' : 'icon-button'}
      aria-label={`${label}: ${name}`}
      title={words ? undefined : label}
      tabIndex={tabIndex}
      onClick={(event) => {
        event.stopPropagation();
        void commands.run(action, ids);
      }}
    >
      {words ? label : <Icon size={16} strokeWidth={1.75} aria-hidden />}
    </button>
  );
}
