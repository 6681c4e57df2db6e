import type { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { S3Endpoint } from '../../support/s3-servers.ts';
import { ALL_CHECKS } from './all-checks.ts';
import { clientFor, newBucket } from './check.ts';

/** A known way in which a server is not S3. */
export interface Deviation {
  /** What the server does instead, in words. */
  readonly reason: string;
  /** What the failed check must say, so that no other fault hides behind the entry. */
  readonly evidence: RegExp;
}

/** By the name of the check. */
export type Deviations = Readonly<Record<string, Deviation>>;

/** A deviation must still occur, and in the way that is written down. */
async function expectDeviation(run: () => Promise<void>, { reason, evidence }: Deviation): Promise<void> {
  const failure = await run().then(
    () => undefined,
    (error: unknown) => String(error),
  );
  expect(failure, `this deviation no longer occurs, so its entry must go: ${reason}`).toBeDefined();
  expect(failure).toMatch(evidence);
}

/** Runs every check against one server, which is started once for all of them. */
export function runChecks(
  name: string,
  start: () => Promise<S3Endpoint & { close(): Promise<void> }>,
  deviations: Deviations = {},
): void {
  describe(`S3 as Longshore needs it: ${name}`, () => {
    let target: S3Endpoint & { close(): Promise<void> };
    let client: S3Client;

    beforeAll(async () => {
      target = await start();
      client = clientFor(target);
    }, 300_000);

    afterAll(async () => {
      client.destroy();
      await target.close();
    });

    test('every deviation names a check', () => {
      const names = new Set(ALL_CHECKS.map((check) => check.name));
      expect(names.size).toBe(ALL_CHECKS.length);
      expect(Object.keys(deviations).filter((entry) => !names.has(entry))).toEqual([]);
    });

    for (const check of ALL_CHECKS) {
      const deviation = deviations[check.name];
      const run = async (): Promise<void> => check.run({ target, client, bucket: await newBucket(client) });
      if (deviation === undefined) test(check.name, run);
      else test(`${check.name} (deviates: ${deviation.reason})`, () => expectDeviation(run, deviation));
    }
  });
}
