import { expect, test } from 'vitest';
import { isAppUrl, resolveRendererPath } from '../../../electron/renderer-path.ts';

const root = '/app/dist/renderer';

test('files below the root, with their types', () => {
  for (const [address, file, mimeType] of [
    ['longshore://app/', '/index.html', 'text/html; charset=utf-8'],
    ['longshore://app/index.html?x=1#queue', '/index.html', 'text/html; charset=utf-8'],
    ['longshore://app/assets/main-1a2b.js', '/assets/main-1a2b.js', 'text/javascript; charset=utf-8'],
    ['longshore://app/assets/a%20b.svg', '/assets/a b.svg', 'image/svg+xml'],
  ] as const) {
    expect(resolveRendererPath(root, address)).toEqual({ ok: true, file: root + file, mimeType });
  }
});

test('nothing outside of the root can be named', () => {
  for (const address of [
    'longshore://app/..%2f..%2fetc/passwd.html',
    'longshore://app/%2e%2e%2f%2e%2e%2fsecret.json',
    String.raw`longshore://app/..%5c..%5csecret.json`,
    'longshore://app/a%00.html',
    'longshore://app/C:%5Cx.html',
    'longshore://app/C%3A/x.html',
    'longshore://app/%2Fetc%2Fx.json',
  ]) {
    expect(resolveRendererPath(root, address), address).toMatchObject({ ok: false });
  }
  // Dots that the URL itself takes away end at the root.
  expect(resolveRendererPath(root, 'longshore://app/../../index.html')).toMatchObject({ file: `${root}/index.html` });
  expect(resolveRendererPath(root, 'longshore://app/%2e%2e/%2e%2e/x.html')).toMatchObject({ file: `${root}/x.html` });
});

test('other origins are not ours', () => {
  for (const address of [
    'longshore://other/index.html',
    'longshore://app.evil/index.html',
    'longshore://app@evil/index.html',
    'https://app/index.html',
    'file:///index.html',
    'longshore:app/index.html',
    'nonsense',
  ]) {
    expect(resolveRendererPath(root, address), address).toMatchObject({ ok: false, status: 403 });
    expect(isAppUrl(address), address).toBe(false);
  }
});

test('unknown kinds of files and malformed names are refused', () => {
  expect(resolveRendererPath(root, 'longshore://app/main.js.map')).toMatchObject({ status: 404 });
  expect(resolveRendererPath(root, 'longshore://app/engine.db')).toMatchObject({ status: 404 });
  expect(resolveRendererPath(root, 'longshore://app/%zz.html')).toMatchObject({ status: 400 });
});
