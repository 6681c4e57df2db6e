import { expect, test } from 'vitest';
import { startLines } from '../../../src/cli/start-lines.ts';
import { destinationStatus, folderStatus, statusView } from '../../support/protocol-fixtures.ts';

const status = (folders: number) =>
  statusView({
    engine: { ...statusView().engine, configFile: '/etc/c.yaml' },
    folders: Array.from({ length: folders }, () => folderStatus({ path: '/home/me/Dr\u001bop' })),
    destinations: [destinationStatus()],
  });

test('P11: run says with what it works, what it watches, where that goes and how to stop it', () => {
  expect(startLines(status(1), false)).toEqual([
    'Longshore works with /etc/c.yaml. Watching 1 folder:',
    '  /home/me/Dr␛op → main:drop/ (https://s3.example.com, bucket demo)',
    'Stop it with Ctrl-C.',
  ]);
});

test('of many folders the first are named; --once ends by itself', () => {
  const lines = startLines(status(7), true);
  expect(lines).toHaveLength(8);
  expect(lines.slice(-2)).toEqual([
    '  and 2 more: longshore status',
    'It ends by itself when everything is sent; Ctrl-C ends it before.',
  ]);
});
