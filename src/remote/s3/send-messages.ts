import type { ErrorCode } from '../../core/error-table.ts';
import type { ErrorContext } from '../../core/longshore-error.ts';
import type {
  Checksum,
  EpochMs,
  ObjectAttributes,
  ServiceSign,
  WantedFile,
  WriteCondition,
  WriteReply,
} from '../../core/ports.ts';
import type { BucketAddress } from './lean-requests.ts';
import type { AwsKeys, S3Dialect, S3Limits } from './options.ts';

/** What stays the same for all that a sending thread sends. */
export interface SendSettings {
  readonly address: BucketAddress;
  readonly dialect: S3Dialect;
  readonly limits: S3Limits;
  readonly ca: readonly string[] | undefined;
  readonly userAgent: string;
}

/** One file to read and send. The id tells the answer. */
export interface SendOrder {
  readonly id: number;
  readonly object: ObjectAttributes;
  readonly wanted: WantedFile;
  readonly condition: WriteCondition | null;
  /** To sign with, and the time of the service. */
  readonly keys: AwsKeys;
  readonly now: EpochMs;
  /** Those of one go one after the other; null: it goes at once. */
  readonly chain: number | null;
}

export type SendWish =
  | { readonly kind: 'send'; readonly orders: readonly SendOrder[] }
  /** Nothing of it is wanted any more: its request ends, whatever has become of it. */
  | { readonly kind: 'cancel'; readonly id: number }
  /** The network changed: connections from before lead nowhere. */
  | { readonly kind: 'refresh' };

export type SendResult =
  | {
      readonly id: number;
      readonly kind: 'sent';
      readonly reply: WriteReply;
      readonly checksum: Checksum;
      readonly waitedMs: number;
    }
  | {
      readonly id: number;
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly context: ErrorContext;
      /** When the service says it is, as its reply has it; "" where there was none. */
      readonly date: string;
    }
  | { readonly id: number; readonly kind: 'cancelled' };

export type SendAnswer =
  | { readonly kind: 'ready' }
  /** It has work, and no file system holds it up. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'ended'; readonly results: readonly SendResult[]; readonly signs: readonly ServiceSign[] };
