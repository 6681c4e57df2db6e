import { describe, expect, it } from 'vitest';

import { configSchema } from '../../../src/config/schema.ts';
import { formatProblems } from '../../../src/config/problem.ts';
import { REDACTED, redactConfig } from '../../../src/config/redact-config.ts';
import { good, load, withApi, withCredentials, withDestination, withProvider } from './load.ts';

/** Looks like no known word, so that nothing near it is proposed. */
const SECRET = 'wJalrXUtnFEMI7MDENG';

describe('P12 secrets stay secret: no problem repeats one, wherever it was put by mistake', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['credentials as text', withCredentials(SECRET)],
    ['credentials as a list', withCredentials(`[${SECRET}]`)],
    ['no space after the colon', withCredentials(`{ accessKeyId: a, secretAccessKey:${SECRET} }`)],
    ['no space after the colon, outside of credentials', withDestination(`"secretAccessKey:${SECRET}": x`)],
    ['no space after the colon, as a name', `destinations: { secretAccessKey:${SECRET} }`],
    ['a known key with more behind it', withCredentials(`{ accessKeyId: a, secretAccessKey${SECRET} }`)],
    ['a key without value', withCredentials(`{ ${SECRET} }`)],
    ['the same key twice', withCredentials(`{ ${SECRET}, ${SECRET} }`)],
    ['a value of the wrong type', withCredentials(`{ accessKeyId: a, secretAccessKey: [${SECRET}] }`)],
    ['an unknown key', withCredentials(`{ accessKeyId: a, secretAccessKey: b, ${SECRET}: x }`)],
    ['the name of a secret', withCredentials(`{ secret: "${SECRET}/+" }`)],
    ['env with a value', withCredentials(`{ env: ${SECRET} }`)],
    ['a line break at the end', withCredentials(`{ accessKeyId: a, secretAccessKey: "${SECRET}\\n" }`)],
    ['a password in the endpoint', withDestination('').replace('127.0.0.1', `u:${SECRET}@127.0.0.1`)],
    ['a password in the proxy', withDestination(`proxy: htp://u:${SECRET}@proxy.example.com`)],
    ['a password in a proxy with a path', withDestination(`proxy: http://u:${SECRET}@proxy.example.com/x`)],
    ['a password in a proxy that is badly written', `network: { proxy: "http://u:${SECRET}%@proxy.example.com" }`],
    ['a proxy as a mapping', `network: { proxy: { ${SECRET}: x } }`],
    ['a proxy as a list', withDestination(`proxy: [${SECRET}]`)],
    ['a token in the address', withProvider(`baseUrl: https://x.example/?token=${SECRET}`)],
    ['a token in publicUrl', withDestination(`publicUrl: https://x.example/?t=${SECRET}`).replace('{', '{ a b ')],
    ['the key in the wrong place', withDestination(`secretAccessKey: ${SECRET}`)],
    ['auth as text', withApi(`auth: ${SECRET}`)],
    ['auth of a wrong type', withApi(`auth: { type: ${SECRET} }`)],
    ['a token of the wrong type', withApi(`auth: { type: bearer, token: [${SECRET}] }`)],
    ['a token under a wrong key', withApi(`auth: { type: bearer, value: ${SECRET} }`)],
    ['an auth type that is not built yet', withApi(`auth: { type: hmac, key: ${SECRET} }`)],
    ['a header without a space', withApi(`headers: { "Authorization:${SECRET}" }`)],
    ['a header that is only a value', withApi(`headers: { ${SECRET} }`)],
    ['headers as text', withApi(`headers: ${SECRET}`)],
    ['broken YAML', withCredentials(`{ secretAccessKey: "${SECRET} }`)],
    ['an anchor', withCredentials(`*${SECRET}`)],
    ['a tag', withCredentials(`!${SECRET} x`)],
    ['a reserved character', withCredentials(`{ secretAccessKey: @${SECRET} }`)],
    ['a bad escape', withCredentials(`{ secretAccessKey: "\\${SECRET}" }`)],
    ['unclosed ${', withCredentials(`{ accessKeyId: a, secretAccessKey: "${SECRET}\${" }`)],
    ['a bad name in ${}', withCredentials(`{ accessKeyId: a, secretAccessKey: "\${${SECRET}+}" }`)],
  ];

  it.each(cases)('%s', (_name, text) => {
    const result = load(text);
    expect(result.ok).toBe(false);
    if (result.ok) return;
    expect(JSON.stringify(result)).not.toContain(SECRET);
    expect(formatProblems(result.problems)).not.toContain(SECRET);
  });

  it('that came from the environment, also where values are shown otherwise', () => {
    for (const text of [
      'folders: [{ mode: "${S}", priority: "${S}", stability: "${S}" }]',
      'limits: { concurrency: ${S} }',
    ]) {
      const result = load(text, { env: { S: SECRET } });
      expect(result.ok).toBe(false);
      expect(JSON.stringify(result)).not.toContain(SECRET);
    }
  });
});

describe('the redacted view', () => {
  const text = `${withDestination('publicUrl: https://x.example/{bucket}/{key}?v={key}&sig=zzzSECRET').replace('{ env: true }', '{ accessKeyId: zzzSECRET1, secretAccessKey: zzzSECRET2, sessionToken: zzzSECRET3 }')}
providers:
  a: { baseUrl: https://x.example, auth: { type: bearer, token: zzzSECRET4 }, headers: { Accept: text/plain, Cookie: zzzSECRET5, X-B: { env: VISIBLE } } }
  b: { baseUrl: https://x.example, auth: { type: basic, username: zzzSECRET6, password: zzzSECRET7 } }
  c: { baseUrl: https://x.example, auth: { type: apiKey, value: zzzSECRET8 } }
  d: { baseUrl: https://x.example, auth: { type: bearer, token: { secret: visible-name } } }
network: { proxy: http://zzzSECRET9:zzzSECRET10@proxy.example.com:3128 }
`;

  it('shows no secret value, and all else', () => {
    const config = good(text);
    const shown = JSON.stringify(redactConfig(config));
    // The destination takes the proxy of `network`.
    expect(
      JSON.stringify(config)
        .toLowerCase()
        .match(/zzzsecret/g),
    ).toHaveLength(13);
    expect(shown.toLowerCase()).not.toContain('zzzsecret');
    expect(shown.split(REDACTED)).toHaveLength(12);
    expect(shown).toContain(`http://${REDACTED}@proxy.example.com:3128`);
    expect(shown).toContain('visible-name');
    expect(shown).toContain('VISIBLE');
    expect(shown).toContain('text/plain');
    expect(shown).toContain('{bucket}/{key}?v={key}&sig=');
  });

  it('leaves the configuration itself as it was', () => {
    const config = good(text);
    const before = structuredClone(config);
    redactConfig(config);
    expect(config).toEqual(before);
  });

  it('knows every key of the schema under which a secret can stand', () => {
    // A new key here wants a decision in redact-config.ts and in key-path.ts before this list is extended.
    const sections = configSchema.shape;
    expect(Object.keys(sections.destinations.unwrap().unwrap().valueType.shape).sort()).toEqual([
      'allowInsecureHttp',
      'bucket',
      'credentials',
      'endpoint',
      'forcePathStyle',
      'limits',
      'partSizeMiB',
      'prefix',
      'proxy',
      'publicUrl',
      'region',
      'retry',
      'stallTimeout',
      'type',
    ]);
    expect(Object.keys(sections)).toEqual([
      'device',
      'folders',
      'destinations',
      'providers',
      'flows',
      'subscriptions',
      'limits',
      'network',
      'history',
    ]);
    expect(Object.keys(sections.network.unwrap().unwrap().shape)).toEqual([
      'proxy',
      'pauseOnBattery',
      'pauseOnMetered',
    ]);
  });
});
