import path from 'node:path';
import { parseArgs } from 'node:util';
import { defaultLocations, type LocationInput } from '../src/config/locations.ts';

export interface StartSettings {
  /** Absolute: database, socket facts, logs, and Chromium's own profile. */
  readonly dataDir: string;
  /** Absolute. It may not exist. */
  readonly configFile: string;
  /** It was named on the command line or in the environment, so nothing else will do. */
  readonly configGiven: boolean;
  /** Start in the tray, without a window. */
  readonly hidden: boolean;
  /** Where there is no configuration, the demo may stand in for one. */
  readonly demo: boolean;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** What the app was asked for. Switches that Electron and Chromium know are not ours and are let through. */
export function readCommandLine(args: readonly string[], where: LocationInput, workingDir: string): StartSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string' },
      config: { type: 'string' },
      hidden: { type: 'boolean' },
      demo: { type: 'boolean' },
    },
    strict: false,
    allowPositionals: true,
  });
  const standard = defaultLocations(where);
  const configArgument = text(values.config);
  return {
    dataDir: path.resolve(workingDir, text(values.data) ?? standard.dataDir),
    configFile: path.resolve(workingDir, configArgument ?? standard.configFile),
    configGiven: configArgument !== undefined || text(where.env['LONGSHORE_CONFIG']) !== undefined,
    hidden: values.hidden === true,
    demo: values.demo === true || ['1', 'true', 'yes'].includes(where.env['LONGSHORE_DEMO'] ?? ''),
  };
}
