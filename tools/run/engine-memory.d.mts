export declare const allocatorEnv: Readonly<Record<string, string>>;
export declare const v8Flags: readonly string[];
