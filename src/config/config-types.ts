/**
 * The resolved configuration: everything checked, every default applied, durations in milliseconds, sizes in bytes,
 * paths absolute. Plain data, so that it can be compared, cloned and sent to a worker.
 */

export type Priority = 'low' | 'normal' | 'high' | 'critical';

/** A secret, or where to find it when it is needed. Never write one anywhere but into a request. */
export type SecretSource =
  | { readonly kind: 'literal'; readonly value: string }
  /** Set with `longshore secret set NAME`. */
  | { readonly kind: 'secret'; readonly name: string }
  /** Read from the environment at use. */
  | { readonly kind: 'env'; readonly name: string };

export interface RetryConfig {
  /** Tries in all, the first included; ≥ 1. */
  readonly maxAttempts: number;
  readonly initialDelayMs: number;
  /** ≥ `initialDelayMs`. */
  readonly maxDelayMs: number;
  /** ≥ 1. */
  readonly multiplier: number;
  /** `full`: uniform in [0, delay). `none`: the delay itself. */
  readonly jitter: 'full' | 'none';
}

/** Why a folder must stay frozen although its configuration is valid in itself; the engine runs the others. */
export interface FolderFreeze {
  readonly reason: 'key-space-overlap';
  /** The earlier folder whose objects this one would share. */
  readonly withFolder: string;
}

export interface FolderConfig {
  readonly name: string;
  /** Absolute, normalised, symlinks not resolved. */
  readonly path: string;
  /** A name in `destinations`. */
  readonly destination: string;
  /** Empty, or ends with "/"; NFC. The object key is destination prefix + this + relative path. */
  readonly prefix: string;
  readonly mode: 'drop';
  readonly conflict: 'manual';
  /** gitignore patterns, beyond the built-in ones and `.longshoreignore`. */
  readonly ignore: readonly string[];
  readonly priority: Priority;
  readonly afterUpload: 'keep';
  /** Larger files are ignored by rule; null: no limit. */
  readonly maxFileSizeBytes: number | null;
  readonly minFileSizeBytes: number;
  readonly stabilityMs: number;
  /** Longest time between two full scans; null: adaptive (DESIGN section 6). */
  readonly scanIntervalMs: number | null;
  readonly paused: boolean;
  /** Null for a folder that may run. */
  readonly frozen: FolderFreeze | null;
}

export type CredentialsConfig =
  | {
      readonly kind: 'literal';
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly sessionToken: string | null;
    }
  /** AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. */
  | { readonly kind: 'env' }
  /** A profile of the shared AWS configuration files. */
  | { readonly kind: 'profile'; readonly profile: string }
  | { readonly kind: 'secret'; readonly name: string };

export interface DestinationConfig {
  readonly name: string;
  readonly type: 's3';
  /** Absolute URL without trailing "/", user info, query or fragment. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly forcePathStyle: boolean;
  readonly credentials: CredentialsConfig;
  /** Empty, or ends with "/". */
  readonly prefix: string;
  readonly allowInsecureHttp: boolean;
  /** Template for "open remote": `{bucket}` and `{key}` are replaced, percent-encoded; null: derive from the endpoint. */
  readonly publicUrl: string | null;
  readonly retry: RetryConfig;
  readonly partSizeBytes: number;
  readonly limits: {
    readonly concurrency: 'auto' | number;
    readonly partConcurrency: 'auto' | number;
  };
}

export type AuthConfig =
  | { readonly type: 'none' }
  | { readonly type: 'bearer'; readonly token: SecretSource }
  | { readonly type: 'basic'; readonly username: SecretSource; readonly password: SecretSource }
  | { readonly type: 'apiKey'; readonly header: string; readonly value: SecretSource };

export interface ProviderConfig {
  readonly name: string;
  /** Absolute URL without trailing "/", user info, query or fragment. */
  readonly baseUrl: string;
  readonly allowInsecureHttp: boolean;
  readonly auth: AuthConfig;
  /** Sent with every call; names as written. */
  readonly headers: Readonly<Record<string, SecretSource>>;
  readonly timeoutMs: number;
  readonly idempotency: { readonly mode: 'key' | 'method' | 'none'; readonly windowMs: number };
  readonly retry: RetryConfig;
  readonly conflict: 'manual';
}

export interface LongshoreConfig {
  /** Names this machine in conflict copies and metadata. */
  readonly device: string;
  readonly folders: readonly FolderConfig[];
  readonly destinations: Readonly<Record<string, DestinationConfig>>;
  readonly providers: Readonly<Record<string, ProviderConfig>>;
  /** Empty: flows are not available yet. */
  readonly flows: Readonly<Record<string, never>>;
  /** Empty: subscriptions are not available yet. */
  readonly subscriptions: readonly never[];
  readonly limits: {
    /** 0: unlimited. */
    readonly uploadKiBps: 0;
    readonly concurrency: 'auto' | number;
  };
}
