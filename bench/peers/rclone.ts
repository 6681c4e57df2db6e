import { commandExists, runCommand } from '../../tools/setup/run-command.ts';
import { BUCKET, CREDENTIALS, REGION } from '../servers/server-process.ts';
import type { Command } from '../support/run-process.ts';

/** Makes sure of Debian's rclone and gives its version. Throws, in words, where it can't be had. */
export async function ensureRclone(): Promise<string> {
  if (!(await commandExists('rclone'))) {
    const byHand = 'rclone is the peer that is measured against: install it (sudo apt-get install rclone)';
    if (process.getuid?.() !== 0 || !(await commandExists('apt-get'))) throw new Error(byHand);
    console.log('Installing rclone …');
    await runCommand('apt-get', ['update', '-qq']);
    await runCommand('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'rclone'], {
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    });
  }
  const [first = ''] = (await runCommand('rclone', ['version'])).split('\n');
  return first.trim();
}

/**
 * rclone at its best for a cold upload: no look at the destination before or after, 32 transfers. Checksums stay on: it
 * hashes each file and sends Content-MD5. It keeps no record, so a crash loses its place.
 */
export function rcloneCopy(from: string, endpoint: string, tuning: readonly string[] = []): Command {
  const flags = ['--transfers', '32', '--checkers', '32', '--no-check-dest', '--s3-no-check-bucket', '--s3-no-head'];
  // Against a server that may refuse, its own retries would hide the refusal.
  flags.push('--retries', '1', '--low-level-retries', '1');
  return rclone(['copy', from, `bench:${BUCKET}/bench`, ...flags, ...tuning], endpoint);
}

/**
 * rclone at its best where most is there already: one listing of the destination instead of a look at each object, and the
 * service's own times instead of those in metadata, which would take a HEAD for each.
 */
export function rcloneUpdate(from: string, endpoint: string): Command {
  const flags = ['--transfers', '32', '--checkers', '32', '--fast-list', '--update', '--use-server-modtime'];
  flags.push('--s3-no-check-bucket', '--s3-no-head', '--retries', '1', '--low-level-retries', '1');
  return rclone(['copy', from, `bench:${BUCKET}/bench`, ...flags], endpoint);
}

function rclone(args: readonly string[], endpoint: string): Command {
  return {
    program: 'rclone',
    args,
    env: {
      RCLONE_CONFIG: '/dev/null',
      RCLONE_CONFIG_BENCH_TYPE: 's3',
      RCLONE_CONFIG_BENCH_PROVIDER: 'Other',
      RCLONE_CONFIG_BENCH_ENDPOINT: endpoint,
      RCLONE_CONFIG_BENCH_REGION: REGION,
      RCLONE_CONFIG_BENCH_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      RCLONE_CONFIG_BENCH_FORCE_PATH_STYLE: 'true',
    },
  };
}
