import { describe, expect, it } from 'vitest';
import { didItHappen, mayCompareAfter } from '../../../src/sync/call-read-back.ts';

const reply = (status: number, body = '', truncated = false) => ({
  status,
  headers: {},
  body: Buffer.from(body),
  truncated,
});
const RECORD = '{"id":7,"name":"Zoë","tags":["a","b"],"address":{"city":"Ulm","zip":"1"}}';

describe('P5: what is there now tells whether the call did its work', () => {
  it('only where the method leaves something to read', () => {
    expect(['PUT', 'PATCH', 'DELETE', 'POST', 'GET'].filter(mayCompareAfter)).toEqual(['PUT', 'PATCH', 'DELETE']);
  });

  it.each([
    ['gone', 404, true],
    ['gone for good', 410, true],
    ['there', 200, false],
    ['not telling', 403, false],
    ['ill', 500, false],
  ] as const)('DELETE: the record is %s', (_what, status, happened) => {
    expect(didItHappen('DELETE', null, reply(status, RECORD))).toBe(happened);
  });

  it.each([
    ['the same', RECORD, true],
    ['the same in another order', '{"name":"Zoë","id":7,"address":{"zip":"1","city":"Ulm"},"tags":["a","b"]}', true],
    ['another value', RECORD.replace('Ulm', 'Bonn'), false],
    ['one field more', RECORD.replace('{"id"', '{"x":1,"id"'), false],
    ['another order of a list', RECORD.replace('["a","b"]', '["b","a"]'), false],
    ['no JSON', '<html>', false],
  ])('PUT: the record is %s', (_what, there, happened) => {
    expect(didItHappen('PUT', RECORD, reply(200, there))).toBe(happened);
  });

  it.each([
    ['a field as sent', '{"name":"Zoë"}', true],
    ['a field otherwise', '{"name":"Zoe"}', false],
    ['a nested field as sent', '{"address":{"city":"Ulm"}}', true],
    ['a nested field otherwise', '{"address":{"city":"Bonn"}}', false],
    ['a list as a whole', '{"tags":["a"]}', false],
    ['a field that was to go and is gone', '{"phone":null}', true],
    ['a field that was to go and is there', '{"name":null}', false],
    ['a field below what is no record', '{"name":{"first":"Zoë"}}', false],
  ])('PATCH: %s', (_what, patch, happened) => {
    expect(didItHappen('PATCH', patch, reply(200, RECORD))).toBe(happened);
  });

  it('says no where it can’t know', () => {
    expect(didItHappen('PUT', RECORD, reply(200, RECORD, true)), 'cut reply').toBe(false);
    expect(didItHappen('PUT', RECORD, reply(404, RECORD))).toBe(false);
    expect(didItHappen('PUT', null, reply(200, RECORD))).toBe(false);
    expect(didItHappen('PUT', 'a=b', reply(200, 'a=b'))).toBe(false);
  });
});
