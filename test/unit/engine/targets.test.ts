import { describe, expect, it } from 'vitest';
import { objectUrl } from '../../../src/engine/targets.ts';
import { deskConfig, makeDesk } from '../../support/desk.ts';

const far = deskConfig().destinations['far']!;

describe('the address of an object', () => {
  it('keeps "/" and escapes the rest', () => {
    const url = objectUrl({ ...far, forcePathStyle: true }, 'a b/50%/c+d?e#f');
    expect(url).toBe('https://s3.example.com/demo/a%20b/50%25/c%2Bd%3Fe%23f');
    expect(decodeURIComponent(new URL(url).pathname)).toBe('/demo/a b/50%/c+d?e#f');
  });

  it('names the bucket as the destination does', () => {
    expect(objectUrl({ ...far, forcePathStyle: false }, 'x')).toBe('https://demo.s3.example.com/x');
    const publicUrl = 'https://files.example.com/{bucket}/{key}?v=1';
    expect(objectUrl({ ...far, publicUrl }, 'a b')).toBe('https://files.example.com/demo/a%20b?v=1');
  });
});

describe('targets', () => {
  it('are opened once, with the budget of their destination, and known by name only', () => {
    const { targets } = makeDesk().core;
    expect(targets.get('far')).toBe(targets.get('far'));
    expect(targets.get('far')).toMatchObject({ name: 'far', device: 'laptop', partConcurrency: 3 });
    expect(targets.get('gone')).toBeNull();
  });
});
