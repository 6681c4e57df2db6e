import { expect, it } from 'vitest';
import { parseS3Keys, secretFault } from '../../../src/config/secret-form.ts';

it.each([
  ['tok3n', null],
  ['two words', null],
  ['', 'is empty'],
  [' \n', 'is empty'],
  ['tok3n\n', 'holds a line break'],
  ['to\r\nk3n', 'holds a line break'],
  [' tok3n', 'begins or ends with a space'],
  ['tok3n\t', 'begins or ends with a space'],
])('what is sent in a header: %j', (value, fault) => {
  expect(secretFault(value, 'header')).toBe(fault);
});

it.each(['AKID:s3cret', ' AKID : s3cret \n', 'AKID:s3:cret', '{"accessKeyId":"AKID","secretAccessKey":"s"}'])(
  'both keys of a destination: %j',
  (value) => {
    expect(secretFault(value, 's3Keys')).toBeNull();
    expect(parseS3Keys(value)?.accessKeyId).toBe('AKID');
  },
);

it.each(['s3cret', 'AKID:', ':s3cret', 'AKID: ', 'AKID:s3 cret', 'AK ID:s', 'AKID:a\nb', '{"accessKeyId":"A"}', '{'])(
  'P12: what can’t be both keys is said so, without the value: %j',
  (value) => {
    expect(secretFault(value, 's3Keys')).toBe('is not of the form ACCESS_KEY_ID:SECRET_ACCESS_KEY');
    expect(parseS3Keys(value)).toBeNull();
  },
);
