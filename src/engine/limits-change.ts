import { isDeepStrictEqual } from 'node:util';
import type { LongshoreConfig } from '../config/config-types.ts';

/**
 * Whether two configurations differ in nothing but limits and gates that can change while transfers run: bandwidth, its
 * schedule, transfers at once, working hours, battery, metered lines, disk space.
 */
export function onlyLimitsDiffer(before: LongshoreConfig, after: LongshoreConfig): boolean {
  return isDeepStrictEqual(withoutLimits(before), withoutLimits(after));
}

function withoutLimits(config: LongshoreConfig): object {
  const destinations = Object.entries(config.destinations).map(([name, { limits, ...rest }]) => {
    return { name, rest, partConcurrency: limits.partConcurrency };
  });
  return { ...config, limits: null, network: { proxy: config.network.proxy }, destinations };
}
