import { z } from 'zod';

import {
  DESTINATION_CONCURRENCY_MAX,
  DESTINATION_RETRY,
  PART_SIZE_MIB,
  PART_SIZE_MIB_MAX,
  PART_SIZE_MIB_MIN,
} from './defaults.ts';
import {
  autoOr,
  duration,
  endpoint,
  keyPrefix,
  proxy,
  retryPolicy,
  secretName,
  secretText,
  text,
  uploadRate,
} from './schema-parts.ts';

const credentialsSchema = z
  .union(
    [
      z.strictObject({
        accessKeyId: secretText.meta({ description: 'Access key id.' }),
        secretAccessKey: secretText.meta({ description: 'Secret access key; better ${NAME} than the value itself.' }),
        sessionToken: secretText.meta({ description: 'Session token of temporary credentials.' }).optional(),
      }),
      z.strictObject({
        env: z
          .literal(true)
          .meta({ description: 'Read AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY from the environment.' }),
      }),
      z.strictObject({ profile: text('Profile of the shared AWS configuration files.', 128) }),
      z.strictObject({ secret: secretName }),
    ],
    {
      error:
        'Write { accessKeyId: …, secretAccessKey: … }, { env: true }, { profile: NAME } or { secret: NAME }: exactly one of them.',
    },
  )
  .meta({ description: 'How requests are signed.' });

export const destinationSchema = z
  .strictObject({
    type: z.literal('s3').meta({ description: 'Kind of service: S3 or compatible.' }),
    endpoint: endpoint(
      'Address of the service. Default: Amazon S3 in the given region.',
      'https://s3.eu-central-1.amazonaws.com',
    ).optional(),
    region: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/, {
        error: 'Write a region such as eu-central-1, or us-east-1 where the service has none.',
      })
      .meta({ description: 'Region that requests are signed for. Default with an endpoint: us-east-1.' })
      .optional(),
    bucket: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/, {
        error: 'Write the bucket’s bare name (letters, digits, "-" and "."); a path inside it belongs in "prefix".',
      })
      .meta({ description: 'Name of the bucket; it must exist.' }),
    forcePathStyle: z
      .boolean()
      .meta({ description: 'true: bucket in the path, not in the host name. Default: true, except on Amazon S3.' })
      .optional(),
    credentials: credentialsSchema,
    prefix: keyPrefix('Put before every key in this destination.').optional(),
    allowInsecureHttp: z
      .boolean()
      .meta({
        description: 'true: plain http to another machine is accepted, with everything readable on the way.',
        default: false,
      })
      .optional(),
    publicUrl: z
      .string()
      .superRefine((template, context) => {
        const plain = template.replaceAll(/\{(?:bucket|key)\}/g, 'x');
        if (!/^https?:\/\/[^\s{}@]+$/.test(plain) || !URL.canParse(plain)) {
          const hint = 'Write an http(s) address with {key}, and {bucket} if needed: https://files.example.com/{key}';
          context.addIssue({ code: 'custom', message: 'This is not a usable address template.', params: { hint } });
        }
      })
      .meta({
        description: 'Address of an object for people, with {bucket} and {key}: what "open remote" opens.',
        examples: ['https://files.example.com/{key}'],
      })
      .optional(),
    retry: retryPolicy(DESTINATION_RETRY).optional(),
    partSizeMiB: z
      .int()
      .min(PART_SIZE_MIB_MIN)
      .max(PART_SIZE_MIB_MAX)
      .meta({
        description: 'Size of multipart parts in MiB; grows where 10,000 parts are too few.',
        default: PART_SIZE_MIB,
      })
      .optional(),
    limits: z
      .strictObject({
        concurrency: autoOr(DESTINATION_CONCURRENCY_MAX, 'Files in transfer at once.').optional(),
        partConcurrency: autoOr(DESTINATION_CONCURRENCY_MAX, 'Parts of one file in transfer at once.').optional(),
        uploadKiBps: uploadRate('Bandwidth for uploads to this destination, KiB a second; 0: no limit.').optional(),
      })
      .meta({ description: 'Bounds for this destination.' })
      .optional(),
    proxy: proxy('How requests to it leave this machine. Default: as in `network`.', 'system').optional(),
    stallTimeout: duration(
      'A transfer without any progress for this long is ended and tried again.',
      1000,
      3_600_000,
      'from 1s to 1h',
    )
      .meta({ default: '30s' })
      .optional(),
  })
  .meta({ description: 'A bucket on an S3-compatible service.' });

export type DestinationInput = z.infer<typeof destinationSchema>;
