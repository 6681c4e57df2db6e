import { posix, win32 } from 'node:path';

export interface Locations {
  readonly configFile: string;
  readonly dataDir: string;
}

export interface LocationInput {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
}

/**
 * Where configuration and data stand when the command line names nothing. LONGSHORE_CONFIG and LONGSHORE_DATA win and
 * are returned as they are (the caller resolves relative ones against its working directory). Else XDG Base Directories
 * on Linux and the like, Application Support on macOS, roaming and local AppData on Windows. On macOS and Windows the
 * data has a folder of its own, away from what Electron keeps beside the configuration.
 */
export function defaultLocations({ platform, env, homeDir }: LocationInput): Locations {
  const standard = standardLocations(platform, env, homeDir);
  return {
    configFile: nonEmpty(env['LONGSHORE_CONFIG']) ?? standard.configFile,
    dataDir: nonEmpty(env['LONGSHORE_DATA']) ?? standard.dataDir,
  };
}

function standardLocations(platform: NodeJS.Platform, env: LocationInput['env'], homeDir: string): Locations {
  if (platform === 'win32') {
    const roaming = nonEmpty(env['APPDATA']) ?? win32.join(homeDir, 'AppData', 'Roaming');
    const local = nonEmpty(env['LOCALAPPDATA']) ?? win32.join(homeDir, 'AppData', 'Local');
    return {
      configFile: win32.join(roaming, 'Longshore', 'config.yaml'),
      dataDir: win32.join(local, 'Longshore', 'Data'),
    };
  }
  if (platform === 'darwin') {
    const support = posix.join(homeDir, 'Library', 'Application Support', 'Longshore');
    return { configFile: posix.join(support, 'config.yaml'), dataDir: posix.join(support, 'Data') };
  }
  const configHome = absolute(env['XDG_CONFIG_HOME']) ?? posix.join(homeDir, '.config');
  const dataHome = absolute(env['XDG_DATA_HOME']) ?? posix.join(homeDir, '.local', 'share');
  return {
    configFile: posix.join(configHome, 'longshore', 'config.yaml'),
    dataDir: posix.join(dataHome, 'longshore'),
  };
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

/** The XDG specification says that a relative path is invalid and to be ignored. */
function absolute(value: string | undefined): string | undefined {
  return value !== undefined && posix.isAbsolute(value) ? value : undefined;
}
