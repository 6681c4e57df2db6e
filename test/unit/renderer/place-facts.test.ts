import { describe, expect, test } from 'vitest';
import type { CapabilitiesView } from '../../../src/protocol/shapes.ts';
import { languageFor } from '../../../renderer/i18n/language.ts';
import { skewWords } from '../../../renderer/i18n/skew-words.ts';
import { destinationOf, looksBefore, noteworthySkew } from '../../../renderer/state/place-facts.ts';
import { destinationStatus, folderStatus, namedOperation, NOW, statusView } from '../../support/protocol-fixtures.ts';

function capabilities(standIns: string[], checkedAt: string | null = NOW): CapabilitiesView {
  return {
    checkedAt,
    denied: false,
    leftover: null,
    conditions: {},
    checksums: { put: 'yes', multipart: 'yes' },
    versions: 'yes',
    standIns,
    note: null,
  };
}

describe('what is to be known of a storage', () => {
  test('it is found by the item’s folder', () => {
    const view = statusView({ folders: [folderStatus()], destinations: [destinationStatus()] });
    expect(destinationOf(namedOperation('a'), view)?.name).toBe('main');
    expect(destinationOf(namedOperation('a', { folder: null }), view)).toBeNull();
    expect(destinationOf(namedOperation('a', { folder: 'gone' }), view)).toBeNull();
    expect(destinationOf(namedOperation('a'), null)).toBeNull();
  });

  test('a look before is told of the writes that an item makes, once it was found out', () => {
    const deletesOnly = destinationStatus({ capabilities: capabilities(['delete-match']) });
    expect(looksBefore('file.delete', deletesOnly)).toBe(true);
    expect(looksBefore('file.move', deletesOnly)).toBe(true);
    expect(looksBefore('file.upload', deletesOnly)).toBe(false);
    expect(looksBefore('file.upload', destinationStatus({ capabilities: capabilities(['complete-replace']) }))).toBe(
      true,
    );
    expect(looksBefore('file.download', destinationStatus({ capabilities: capabilities(['put-create']) }))).toBe(false);
    expect(looksBefore('file.upload', destinationStatus({ capabilities: capabilities(['put-create'], null) }))).toBe(
      false,
    );
    expect(looksBefore('file.upload', destinationStatus())).toBe(false);
  });

  test('a clock that is right needs no word', () => {
    expect(noteworthySkew(destinationStatus())).toBeNull();
    expect(noteworthySkew(destinationStatus({ clockSkewSeconds: 4 }))).toBeNull();
    const english = languageFor('en-US');
    const words = (clockSkewSeconds: number) =>
      skewWords(noteworthySkew(destinationStatus({ clockSkewSeconds })) ?? 0, english);
    expect(words(180)).toBe('Its clock is 3 min ahead of this computer’s');
    expect(words(-7200)).toBe('Its clock is 2 hr behind this computer’s');
    expect(skewWords(-180, languageFor('zh-CN'))).toBe('其时钟比本机慢 3分钟');
  });
});
