import { describe, expect, it } from 'vitest';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import { classifyFs } from '../../../src/watch/classify-fs.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: what the system says`), { code });
}

describe('classifyFs', () => {
  it.each([
    ['EACCES', 'local.permission'],
    ['EPERM', 'local.permission'],
    ['ENOENT', 'local.vanished'],
    ['ENOTDIR', 'local.vanished'],
    ['ELOOP', 'local.vanished'],
    ['EISDIR', 'local.vanished'],
    ['ENOSPC', 'local.disk-full'],
    ['EDQUOT', 'local.disk-full'],
    ['EBUSY', 'local.locked'],
    ['ETXTBSY', 'local.locked'],
    ['EIO', 'local.io'],
    ['ESTALE', 'local.io'],
    ['ENXIO', 'local.io'],
    ['ENODEV', 'local.io'],
    ['EMFILE', 'local.io'],
    ['ENAMETOOLONG', 's3.key-too-long'],
    ['EWHATEVER', 'internal.unknown'],
  ])('%s is %s', (errno, code) => {
    const cause = systemError(errno);
    const error = classifyFs(cause, '/some/file');
    expect(error).toMatchObject({ code, cause });
    expect(error.context).toEqual({
      detail: `${errno}: what the system says`,
      subject: '/some/file',
      serviceCode: errno,
    });
  });

  it('leaves what is classified alone, and takes what is no Error', () => {
    const known = new LongshoreError('local.changed');
    expect(classifyFs(known, '/f')).toBe(known);
    expect(classifyFs('odd', '/f')).toMatchObject({
      code: 'internal.unknown',
      context: { detail: 'odd', subject: '/f' },
    });
  });
});
