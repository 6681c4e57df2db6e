export declare const allocatorEnv: Readonly<Record<string, string>>;
