import type { Check } from './check.ts';
import { accessChecks } from './checks/access.ts';
import { bucketChecks } from './checks/buckets.ts';
import { checksumChecks } from './checks/checksums.ts';
import { conditionChecks } from './checks/conditions.ts';
import { copyChecks } from './checks/copy.ts';
import { listingChecks } from './checks/listing.ts';
import { multipartChecksumChecks } from './checks/multipart-checksums.ts';
import { multipartChecks } from './checks/multipart.ts';
import { objectChecks } from './checks/objects.ts';
import { versioningChecks } from './checks/versioning.ts';

/** Everything that Longshore needs of an S3 service. */
export const ALL_CHECKS: readonly Check[] = [
  ...bucketChecks,
  ...objectChecks,
  ...conditionChecks,
  ...checksumChecks,
  ...multipartChecks,
  ...multipartChecksumChecks,
  ...listingChecks,
  ...versioningChecks,
  ...copyChecks,
  ...accessChecks,
];
