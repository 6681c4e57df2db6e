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

/** drop: uploads; a local delete leaves the remote. mirror: deletes and moves follow. */
export type FolderMode = 'drop' | 'mirror';

/** Who wins when the remote version is no longer the one that the local change was made from (DESIGN section 7). */
export type ConflictStrategy = 'manual' | 'keep-both' | 'local-wins' | 'remote-wins' | 'newest-wins';

/** How deletes follow in mirror mode. */
export interface DeleteRules {
  /** A file has to be gone for this long. */
  readonly graceMs: number;
  /** More than this many files ... */
  readonly askAboveFiles: number;
  /** ... that are more than this part of the folder, 0 to 1, at once: a person is asked first. */
  readonly askAboveShare: number;
}

/** A stretch of the week in local time. `toMinute` ≤ `fromMinute` goes on into the next day. */
export interface WeekWindow {
  /** 0: Sunday. */
  readonly days: readonly number[];
  /** Minutes since midnight, 0 to 1439. */
  readonly fromMinute: number;
  /** 0 to 1440. */
  readonly toMinute: number;
}

/** How requests leave this machine. `system`: what the host tells, else the environment. */
export type ProxyConfig =
  | { readonly kind: 'system' | 'environment' | 'none' }
  /** Absolute http(s) URL; user info in it is a secret. */
  | { readonly kind: 'url'; readonly url: string };

export interface FolderConfig {
  readonly name: string;
  /** Absolute, normalised, symlinks not resolved. */
  readonly path: string;
  /** A name in `destinations`. */
  readonly destination: string;
  /** Empty, or ends with "/"; NFC. The object key is destination prefix + this + relative path. */
  readonly prefix: string;
  readonly mode: FolderMode;
  readonly conflict: ConflictStrategy;
  /** gitignore patterns, beyond the built-in ones and `.longshoreignore`. */
  readonly ignore: readonly string[];
  readonly priority: Priority;
  readonly afterUpload: 'keep' | 'trash' | 'archive';
  /** Absolute; for `archive` alone, else null. Lies outside of every folder. */
  readonly archivePath: string | null;
  readonly deletes: DeleteRules;
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
    /** 0: no limit of its own. */
    readonly uploadKiBps: number;
  };
  readonly proxy: ProxyConfig;
  /** A transfer without any progress for this long ends the attempt. */
  readonly stallTimeoutMs: number;
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
    readonly uploadKiBps: number;
    /** The first window that holds now takes the place of `uploadKiBps`. */
    readonly schedule: readonly (WeekWindow & { readonly uploadKiBps: number })[];
    /** Bounds for `auto` are 1 and 32. */
    readonly concurrency: 'auto' | number;
    /** Uploads start in these windows only; empty: always. */
    readonly workingHours: readonly WeekWindow[];
    /** Below this much room where the database lies nothing new starts. */
    readonly minFreeDiskBytes: number;
  };
  readonly network: {
    /** For destinations and providers without one of their own. */
    readonly proxy: ProxyConfig;
    readonly pauseOnBattery: boolean;
    readonly pauseOnMetered: boolean;
  };
  readonly history: {
    /** Events, and what has ended, are kept this long. */
    readonly keepDays: number;
  };
}
