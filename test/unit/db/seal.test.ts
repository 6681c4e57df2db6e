import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openWritable } from '../../../src/db/connection.ts';
import { openRepositories } from '../../../src/db/repositories.ts';
import { DATA_KEY_BYTES, DataKeySealer } from '../../../src/db/seal.ts';
import { queueCall } from '../../../src/sync/queue-call.ts';
import { CountedRandom, ManualClock } from '../../support/manual-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const sealer = new DataKeySealer(randomBytes(DATA_KEY_BYTES));

describe('P12: a sealed value', () => {
  it('opens for its purpose as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (plain, purpose) => {
        expect(sealer.open(sealer.seal(plain, purpose), purpose)).toBe(plain);
      }),
    );
  });

  it('opens nowhere else: neither for another purpose nor with another key', () => {
    const sealed = sealer.seal('token', 'secret:a');
    expect(() => sealer.open(sealed, 'secret:b')).toThrow();
    expect(() => new DataKeySealer(randomBytes(DATA_KEY_BYTES)).open(sealed, 'secret:a')).toThrow();
  });

  it('does not open after any change of a bit', () => {
    const sealed = sealer.seal('token', 'secret:a');
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Uint8Array.from(sealed, (byte, at) => (at === index ? byte ^ 1 : byte));
      expect(() => sealer.open(changed, 'secret:a'), `byte ${index}`).toThrow();
    }
    for (const length of [0, 1, 28, sealed.length - 1]) {
      expect(() => sealer.open(sealed.subarray(0, length), 'secret:a'), `${length} bytes`).toThrow();
    }
  });

  it('never looks the same twice', () => {
    const values = new Set(Array.from({ length: 100 }, () => Buffer.from(sealer.seal('token', 'p')).toString('hex')));
    expect(values.size).toBe(100);
  });

  it('needs a key of 32 bytes', () => {
    expect(() => new DataKeySealer(randomBytes(16))).toThrow(/16 bytes/);
  });
});

describe('P12: the files of the database', () => {
  it('hold no secret in plain: neither stored ones nor those of queued calls', () => {
    const dir = tempDir();
    const db = openWritable(join(dir, 'longshore.db'));
    const clock = new ManualClock();
    const random = new CountedRandom();
    const repos = openRepositories(db, clock, random, sealer);
    repos.secrets.set('crm', 'SECRET-stored-value', clock.now());
    repos.secrets.set('crm', 'SECRET-second-value', clock.now());
    queueCall(
      { repos, clock, random, sealer },
      {
        method: 'POST',
        provider: null,
        url: 'https://api.example.com/items?token=SECRET-in-query#SECRET-fragment',
        headers: { Authorization: 'Bearer SECRET-in-header' },
        body: '{"password":"SECRET-in-body"}',
        ifMatch: null,
        idempotencyKey: null,
        resource: null,
        priority: 'normal',
        timeoutMs: 1000,
      },
    );
    const everything = () =>
      Buffer.concat(readdirSync(dir).map((name) => readFileSync(join(dir, name)))).toString('latin1');
    expect(everything()).toContain('https://api.example.com/items');
    expect(everything()).not.toContain('SECRET');
    db.close();
    expect(everything()).not.toContain('SECRET');
  });

  it('give secrets back by name only, and forget them', () => {
    const db = openWritable(join(tempDir(), 'longshore.db'));
    const { secrets } = openRepositories(db, new ManualClock(), new CountedRandom(), sealer);
    secrets.set('b', 'first', 1);
    secrets.set('a', 'x', 1);
    secrets.set('b', 'second', 2);
    expect(secrets.names()).toEqual(['a', 'b']);
    expect(secrets.get('b')).toBe('second');
    expect(secrets.get('c')).toBeNull();
    db.exec("UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE name = 'a') WHERE name = 'b'");
    expect(() => secrets.get('b')).toThrow();
    expect([secrets.remove('b'), secrets.remove('b'), secrets.get('b')]).toEqual([true, false, null]);
    db.close();
  });
});
