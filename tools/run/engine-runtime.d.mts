export declare const engineEnv: Readonly<Record<string, string>>;
export declare const v8Flags: readonly string[];
