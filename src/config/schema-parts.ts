/** Building blocks of the configuration's schema: units, choices, secrets, and what is refused as "not available yet". */
import { z } from 'zod';

import { endpointFault } from './endpoint.ts';
import { prefixFault } from './key-prefix.ts';
import { proxyFault } from './proxy.ts';
import { UPLOAD_KIBPS_MIN } from './defaults.ts';
import { DURATION_PATTERN, SHARE_PATTERN, SIZE_PATTERN, parseDurationMs, parseSizeBytes } from './units.ts';

/** A problem at the value under check, with its hint beside it. */
function refuse(context: z.core.$RefinementCtx, message: string, hint: string): void {
  context.addIssue({ code: 'custom', message, params: { hint } });
}

/** A key of the contract that nothing is built for yet: refused by name, never ignored (CONTRACT.md). */
export function notYetKey(name: string, instead: string) {
  return z
    .unknown()
    .superRefine((value, context) => {
      if (!isEmptyCollection(value)) refuse(context, `${name} is not available yet.`, instead);
    })
    .optional()
    .meta({ notYet: true, description: 'Not available yet.' });
}

function isEmptyCollection(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** An enum of which `later` holds the values that are refused by name, each with what to use instead. */
export function choice<const Now extends string>(
  key: string,
  available: readonly [Now, ...Now[]],
  later: Readonly<Record<string, string>>,
  description: string,
) {
  return z
    .enum([...available, ...Object.keys(later)])
    .superRefine((value, context) => {
      const instead = Object.hasOwn(later, value) ? later[value] : undefined;
      if (instead !== undefined) refuse(context, `${key}: ${value} is not available yet.`, instead);
    })
    .meta({ description, default: available[0], available: [...available] });
}

/** `500ms`, `30s`, `30m`, `2h`, `1d`, from `minMs` to `maxMs`. */
export function duration(description: string, minMs: number, maxMs: number, range: string) {
  const expected = 'Write a duration such as 500ms, 30s, 30m, 2h or 1d.';
  return z
    .string({ error: expected })
    .regex(DURATION_PATTERN, { error: expected, abort: true })
    .superRefine((text, context) => {
      const ms = parseDurationMs(text);
      if (ms === null || ms < minMs || ms > maxMs)
        refuse(context, 'The duration is out of range.', `It can be ${range}.`);
    })
    .meta({ description, examples: ['500ms', '30s', '2h'] });
}

/** Bytes as a whole number, or with a unit: `10MiB`. */
export function size(description: string) {
  const expected = 'Write a number of bytes, or a size such as 500KB or 10MiB.';
  return z
    .union(
      [
        z.int().min(0),
        z
          .string()
          .regex(SIZE_PATTERN, { abort: true })
          .superRefine((text, context) => {
            if (parseSizeBytes(text) === null) refuse(context, 'The size is out of range.', 'It can be up to 8191TiB.');
          }),
      ],
      { error: expected },
    )
    .meta({ description, examples: ['10MiB', 1048576] });
}

/** `auto`, or a whole number from 1 to `max`. */
export function autoOr(max: number, description: string) {
  const expected = `Write auto, or a whole number from 1 to ${max}.`;
  return z
    .union([z.literal('auto'), z.int().min(1).max(max)], { error: expected })
    .meta({ description, default: 'auto' });
}

/** A bandwidth in KiB a second: 0 for no limit, else at least `UPLOAD_KIBPS_MIN`. */
export function uploadRate(description: string) {
  return z
    .int()
    .min(0)
    .superRefine((rate, context) => {
      if (rate <= 0 || rate >= UPLOAD_KIBPS_MIN) return;
      const hint = `Write 0 for no limit, or at least ${UPLOAD_KIBPS_MIN}.`;
      refuse(context, `${UPLOAD_KIBPS_MIN} KiB/s is the least that keeps a transfer alive.`, hint);
    })
    .meta({ description, default: 0, examples: [0, 512] });
}

/** A share of a whole, written with "%". */
export function percentage(description: string) {
  const expected = 'Write a percentage from 0% to 100%, such as 20%.';
  return z
    .string({ error: expected })
    .regex(SHARE_PATTERN, { error: expected })
    .meta({ description, examples: ['20%'] });
}

/** How requests leave this machine. May hold a password: no message repeats it. */
export function proxy(description: string, defaultProxy: string) {
  return z
    .string()
    .superRefine((written, context) => {
      const fault = proxyFault(written);
      if (fault !== null) refuse(context, fault.message, fault.hint);
    })
    .meta({
      description,
      default: defaultProxy,
      examples: ['system', 'environment', 'none', 'http://proxy.example.com:3128'],
    });
}

/** Path of a directory. */
export function directory(description: string) {
  return z
    .string({
      error: 'Write the path of a directory. For the home directory write ~/ (a bare ~ means "nothing" in YAML).',
    })
    .min(1)
    .max(4096)
    .meta({ description });
}

/** Text with something in it. */
export function text(description: string, maxLength = 1024) {
  return z.string().min(1).max(maxLength).meta({ description });
}

/** The address of a service. */
export function endpoint(description: string, example: string) {
  return z
    .string()
    .superRefine((address, context) => {
      const fault = endpointFault(address);
      if (fault !== null) refuse(context, fault.message, fault.hint);
    })
    .meta({ description, examples: [example] });
}

export function keyPrefix(description: string) {
  return z
    .string()
    .superRefine((prefix, context) => {
      const fault = prefixFault(prefix);
      if (fault !== null) refuse(context, fault.message, fault.hint);
    })
    .meta({ description, default: '', examples: ['drop/'] });
}

const ENV_NAME = /^[A-Za-z_][\w()]*$/;
const SECRET_NAME = /^[A-Za-z0-9][\w.-]{0,127}$/;
const SECRET_NAME_ERROR = 'A secret’s name has letters, digits, ".", "_" and "-", and starts with a letter or digit.';

export const secretName = z
  .string()
  .regex(SECRET_NAME, { error: SECRET_NAME_ERROR })
  .meta({ description: 'Name of a secret set with `longshore secret set NAME`.' });

const envName = z
  .string()
  .regex(ENV_NAME, { error: 'The name of an environment variable has letters, digits and "_".' })
  .meta({ description: 'Name of an environment variable, read when it is needed.' });

/** What a request can carry: a line break in a header would end it, and usually came with the text from a file. */
export const secretText = z
  .string()
  .min(1)
  .regex(/^[^\r\n\0]*$/, { error: 'Text that is sent in a header has no line break, also not at its end.' });

/** A secret by name, from the environment, or as it stands. */
export function secretValue(description: string) {
  return z
    .union([secretText, z.strictObject({ secret: secretName }), z.strictObject({ env: envName })], {
      error: 'Write { secret: NAME }, { env: NAME }, or the value itself as text.',
    })
    .meta({ description });
}

/** A name for people, which may end up in a file's name. */
export function displayName(error: string, description: string) {
  return z
    .string()
    .regex(/^[^/\\]{1,64}$/, { error })
    .refine((name) => !/\p{Cc}/u.test(name), { error })
    .meta({ description });
}

/** Names that people refer to on the command line and in other keys. */
export const entryName = z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}$/, {
  error: 'A name has 1 to 64 letters, digits, ".", "_" and "-", and starts with a letter or digit.',
});

/** Retry policy; `maxAttempts` counts the first try. */
export function retryPolicy(defaults: { maxAttempts: number }) {
  return z
    .strictObject({
      maxAttempts: z
        .int()
        .min(1)
        .max(1000)
        .meta({ description: 'Tries in all, the first one included.', default: defaults.maxAttempts })
        .optional(),
      initialDelay: duration('Delay before the second try.', 1, 86_400_000, 'from 1ms to 1d')
        .meta({ default: '1s' })
        .optional(),
      maxDelay: duration('No delay is longer.', 1, 7 * 86_400_000, 'from 1ms to 7d')
        .meta({ default: '5m' })
        .optional(),
      multiplier: z
        .number()
        .min(1)
        .max(10)
        .meta({ description: 'Growth of the delay from try to try.', default: 2 })
        .optional(),
      jitter: z
        .enum(['full', 'none'])
        .meta({
          description: 'full: a random delay up to the computed one. none: exactly the computed one.',
          default: 'full',
        })
        .optional(),
    })
    .meta({ description: 'When a failed try is repeated.' });
}
