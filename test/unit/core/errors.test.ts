import { describe, expect, it } from 'vitest';
import {
  ERROR_TABLE,
  errorEntry,
  isErrorCode,
  type ErrorClass,
  type ErrorCode,
} from '../../../src/core/error-table.ts';
import { LongshoreError, toLongshoreError } from '../../../src/core/longshore-error.ts';
import { sourceFiles } from '../../support/source-files.ts';

const CLASSES = [
  'transient',
  'permanent',
  'business',
  'conflict',
  'local',
  'unreachable',
  'internal',
] as const satisfies readonly ErrorClass[];
const codes = Object.keys(ERROR_TABLE).filter(isErrorCode);

describe('the error table', () => {
  it.each(codes)('%s has a class and says in both languages what happened and what to do', (code) => {
    const entry = errorEntry(code);
    expect(CLASSES).toContain(entry.class);
    for (const { message, hint } of [entry.en, entry.zh]) {
      expect(message.trim()).not.toBe('');
      expect(hint.trim()).not.toBe('');
    }
    expect(entry.en.message, 'a sentence').toMatch(/^[A-Z0-9].*[.!?]$/s);
    expect(entry.en.hint, 'a sentence').toMatch(/^[A-Z0-9].*[.!?]$/s);
    expect(entry.zh.message, 'Chinese').toMatch(/\p{Script=Han}/u);
    expect(entry.zh.hint, 'Chinese').toMatch(/\p{Script=Han}/u);
    expect(entry.en.message + entry.en.hint, 'English').not.toMatch(/\p{Script=Han}/u);
  });

  it.each(codes)('%s is named area.what-happened', (code) => {
    expect(code).toMatch(/^[a-z0-9]+\.[a-z0-9-]+$/);
  });

  it('says whether another attempt may help exactly where the class does not', () => {
    for (const code of codes) {
      const { class: kind, retry } = errorEntry(code);
      if (retry !== undefined) expect(['local', 'internal'], code).toContain(kind);
    }
  });

  it('has no code that nothing makes', () => {
    const text = sourceFiles('src')
      .filter(({ path }) => !path.endsWith('error-table.ts'))
      .map((file) => file.text)
      .join('\n');
    const unused = codes.filter((code) => !text.includes(`'${code}'`));
    expect(unused).toEqual([]);
  });
});

describe('LongshoreError', () => {
  it('speaks the words of the table', () => {
    const error = new LongshoreError('s3.quota', { detail: 'QuotaExceeded' });
    expect(error).toMatchObject({ code: 's3.quota', class: 'business', hint: ERROR_TABLE['s3.quota'].en.hint });
    expect(error.message).toBe(ERROR_TABLE['s3.quota'].en.message);
    expect(error.context.detail).toBe('QuotaExceeded');
  });

  it('wraps what nobody foresaw with its own text, bounded, and leaves its own kind alone', () => {
    const known = new LongshoreError('net.reset');
    expect(toLongshoreError(known)).toBe(known);
    const cause = new TypeError('x is undefined');
    const wrapped = toLongshoreError(cause);
    expect(wrapped).toMatchObject({ code: 'internal.unknown' satisfies ErrorCode, cause });
    expect(wrapped.context.detail).toBe('TypeError: x is undefined');
    expect(toLongshoreError('a word').context.detail).toBe('a word');
    expect(toLongshoreError(new Error('y'.repeat(9000))).context.detail).toHaveLength(2000);
  });
});
