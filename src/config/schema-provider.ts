import { z } from 'zod';

import { API_KEY_HEADER, PROVIDER_RETRY } from './defaults.ts';
import type { AUTH_TYPES_LATER } from './schema-marks.ts';
import { choice, duration, endpoint, notYetKey, retryPolicy, secretValue } from './schema-parts.ts';

/** The strategies of DESIGN section 7 that providers have not got so far, each with what to use instead. */
function conflictStrategiesLater(): Readonly<Record<string, string>> {
  const instead = 'Use "conflict: manual", and settle conflicts with `longshore resolve`.';
  return { 'keep-both': instead, 'local-wins': instead, 'remote-wins': instead, 'newest-wins': instead };
}

/** RFC 9110, section 5.6.2: token. */
const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, { error: 'A header’s name has letters, digits and "-".' });

const noneAuth = z.strictObject({ type: z.literal('none') });
const bearerAuth = z.strictObject({ type: z.literal('bearer'), token: secretValue('The token.') });
const basicAuth = z.strictObject({
  type: z.literal('basic'),
  username: secretValue('User name.'),
  password: secretValue('Password.'),
});
const apiKeyAuth = z.strictObject({
  type: z.literal('apiKey'),
  header: headerName.meta({ description: 'Header that carries the key.', default: API_KEY_HEADER }).optional(),
  value: secretValue('The key.'),
});

/** An auth type of DESIGN section 8 that is refused by name so far. */
function authLater<const Type extends (typeof AUTH_TYPES_LATER)[number]>(type: Type) {
  return z
    .looseObject({ type: z.literal(type) })
    .superRefine((_, context) => {
      const hint = 'Use none, bearer, basic or apiKey.';
      context.addIssue({
        code: 'custom',
        message: `auth type ${type} is not available yet.`,
        path: ['type'],
        params: { hint },
      });
    })
    .meta({ notYet: true });
}

const authSchema = z
  .union(
    [
      z.literal('none'),
      z.discriminatedUnion('type', [
        noneAuth,
        bearerAuth,
        basicAuth,
        apiKeyAuth,
        authLater('hmac'),
        authLater('oauth2'),
      ]),
    ],
    { error: 'Write none, or a mapping such as { type: bearer, token: { secret: NAME } }.' },
  )
  .meta({ description: 'How calls are authorised.', default: 'none' });

const endpointEntry = z.union(
  [
    endpoint('Address of the API.', 'https://api.example.com/v1'),
    z.strictObject({
      url: endpoint('Address of the API.', 'https://api.example.com/v1'),
      weight: notYetKey('weight of an endpoint', 'Remove "weight": there is one endpoint.'),
      priority: notYetKey('priority of an endpoint', 'Remove "priority": there is one endpoint.'),
    }),
  ],
  { error: 'Write an address such as https://api.example.com/v1, or { url: … }.' },
);

const onlyPlainCalls = 'Remove it: a provider now has one address, auth, headers, a timeout, idempotency and retry.';

export const providerSchema = z
  .strictObject({
    baseUrl: endpoint('Address that paths of calls are joined to.', 'https://api.example.com/v1').optional(),
    endpoints: z
      .array(endpointEntry)
      .min(1, { error: 'Give one endpoint.' })
      .superRefine((entries, context) => {
        if (entries.length <= 1) return;
        const hint = 'Give one endpoint, or a provider for each.';
        const message = 'More than one endpoint is not available yet.';
        context.addIssue({ code: 'custom', message, path: [1], params: { hint } });
      })
      .meta({ description: 'The same as baseUrl, as a list with one entry.', maxItems: 1 })
      .optional(),
    allowInsecureHttp: z
      .boolean()
      .meta({
        description: 'true: plain http to another machine is accepted, with everything readable on the way.',
        default: false,
      })
      .optional(),
    auth: authSchema.optional(),
    headers: z
      .record(headerName, secretValue('Value of the header.'))
      .meta({ description: 'Headers that every call carries.' })
      .optional(),
    timeout: duration('Time limit of one attempt.', 100, 3_600_000, 'from 100ms to 1h')
      .meta({ default: '30s' })
      .optional(),
    idempotency: z
      .strictObject({
        mode: z
          .enum(['key', 'method', 'none'])
          .meta({
            description:
              'key: every call carries one Idempotency-Key over all its attempts. method: only what HTTP calls idempotent is repeated. none: nothing ambiguous is repeated.',
            default: 'key',
          })
          .optional(),
        window: duration('How long the service remembers a key.', 1000, 30 * 86_400_000, 'from 1s to 30d')
          .meta({ default: '24h' })
          .optional(),
      })
      .meta({ description: 'When a call whose outcome is unknown may be repeated.' })
      .optional(),
    retry: retryPolicy(PROVIDER_RETRY).optional(),
    conflict: choice(
      'conflict',
      ['manual'],
      { ...conflictStrategiesLater(), merge: 'Use "conflict: manual".' },
      'manual: a conflict waits for you.',
    ).optional(),
    rateLimit: notYetKey('rateLimit', onlyPlainCalls),
    cache: notYetKey('cache', onlyPlainCalls),
    batch: notYetKey('batch', onlyPlainCalls),
    batching: notYetKey('batching', onlyPlainCalls),
    health: notYetKey('health (health checks)', onlyPlainCalls),
    healthCheck: notYetKey('healthCheck', onlyPlainCalls),
    healthChecks: notYetKey('healthChecks', onlyPlainCalls),
    circuitBreaker: notYetKey('circuitBreaker', onlyPlainCalls),
    failover: notYetKey('failover', onlyPlainCalls),
    fallback: notYetKey('fallback', onlyPlainCalls),
    pool: notYetKey('pool', onlyPlainCalls),
    pull: notYetKey('pull (a feed of changes)', onlyPlainCalls),
  })
  .meta({ description: 'An HTTP API that calls go to.' });

export type ProviderInput = z.infer<typeof providerSchema>;
