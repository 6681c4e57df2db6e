import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { whereProfileIsMissing } from '../../../src/config/aws-profiles.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'longshore-aws-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const env = () => ({
  AWS_SHARED_CREDENTIALS_FILE: join(dir, 'credentials'),
  AWS_CONFIG_FILE: join(dir, 'config'),
});

it.each([
  ['credentials', '[work]\naws_access_key_id = a\n'],
  ['credentials', '# mine\r\n  [ work ] ; the office\r\n'],
  ['config', '[profile work]\ncredential_process = x\n'],
  ['config', '[profile  "work"]\n'],
])('a profile is found in %s as %j', (file, text) => {
  writeFileSync(join(dir, file), text);
  expect(whereProfileIsMissing('work', env())).toBeNull();
});

it('P11: says where it looked, and which file is not there', () => {
  writeFileSync(join(dir, 'credentials'), '[worker]\n');
  // Without "profile " it names something else in this file.
  expect(whereProfileIsMissing('work', env())).toBe(
    `${join(dir, 'credentials')} or ${join(dir, 'config')} (no such file)`,
  );
  writeFileSync(join(dir, 'config'), '[work]\n[default]\n');
  expect(whereProfileIsMissing('work', env())).toBe(`${join(dir, 'credentials')} or ${join(dir, 'config')}`);
  expect(whereProfileIsMissing('default', env())).toBeNull();
});

it('a file that can’t be read is said to be so', () => {
  mkdirSync(join(dir, 'credentials'));
  expect(whereProfileIsMissing('work', env())).toContain(`${join(dir, 'credentials')} (can’t be read)`);
});
