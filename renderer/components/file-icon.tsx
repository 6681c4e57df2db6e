import {
  Archive,
  ArrowRightLeft,
  Download,
  File,
  FileCode,
  FileSpreadsheet,
  FileText,
  Film,
  Globe,
  Image,
  Music,
  Trash2,
  Workflow,
} from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import type { OperationView } from '../../src/protocol/shapes.ts';

const BY_KIND: Partial<Record<OperationView['kind'], LucideIcon>> = {
  'file.delete': Trash2,
  'file.move': ArrowRightLeft,
  'file.download': Download,
  'api.call': Globe,
  'flow.run': Workflow,
};

/** The first pattern that a content type matches decides. */
const BY_CONTENT: readonly (readonly [RegExp, LucideIcon])[] = [
  [/^image\//, Image],
  [/^video\//, Film],
  [/^audio\//, Music],
  [/spreadsheet|excel|csv/, FileSpreadsheet],
  // Before code: the types of office documents have "xml" in them.
  [/pdf|word|officedocument|opendocument|rtf/, FileText],
  [/zip|tar|compressed|7z|rar|archive/, Archive],
  [/json|xml|javascript|typescript|html|css|x-sh|x-python/, FileCode],
  [/^text\//, FileText],
];

export function FileIcon({ op }: { op: OperationView }) {
  const type = op.contentType ?? '';
  const Icon = BY_KIND[op.kind] ?? BY_CONTENT.find(([pattern]) => pattern.test(type))?.[1] ?? File;
  return <Icon size={18} strokeWidth={1.5} aria-hidden />;
}
