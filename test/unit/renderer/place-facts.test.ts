import { describe, expect, test } from 'vitest';
import type { CapabilitiesView } from '../../../src/protocol/shapes.ts';
import { languageFor } from '../../../renderer/i18n/language.ts';
import { skewWords } from '../../../renderer/i18n/skew-words.ts';
import { destinationOf, looksBefore, noteworthySkew } from '../../../renderer/state/place-facts.ts';
import { destination, folder, NOW, operation, status } from './view-fixtures.ts';

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
    const view = status({ folders: [folder()], destinations: [destination()] });
    expect(destinationOf(operation('a'), view)?.name).toBe('main');
    expect(destinationOf(operation('a', { folder: null }), view)).toBeNull();
    expect(destinationOf(operation('a', { folder: 'gone' }), view)).toBeNull();
    expect(destinationOf(operation('a'), null)).toBeNull();
  });

  test('a look before is told of the writes that an item makes, once it was found out', () => {
    const deletesOnly = destination({ capabilities: capabilities(['delete-match']) });
    expect(looksBefore('file.delete', deletesOnly)).toBe(true);
    expect(looksBefore('file.move', deletesOnly)).toBe(true);
    expect(looksBefore('file.upload', deletesOnly)).toBe(false);
    expect(looksBefore('file.upload', destination({ capabilities: capabilities(['complete-replace']) }))).toBe(true);
    expect(looksBefore('file.download', destination({ capabilities: capabilities(['put-create']) }))).toBe(false);
    expect(looksBefore('file.upload', destination({ capabilities: capabilities(['put-create'], null) }))).toBe(false);
    expect(looksBefore('file.upload', destination())).toBe(false);
  });

  test('a clock that is right needs no word', () => {
    expect(noteworthySkew(destination())).toBeNull();
    expect(noteworthySkew(destination({ clockSkewSeconds: 4 }))).toBeNull();
    const english = languageFor('en-US');
    const words = (clockSkewSeconds: number) =>
      skewWords(noteworthySkew(destination({ clockSkewSeconds })) ?? 0, english);
    expect(words(180)).toBe('Its clock is 3 min ahead of this computer’s');
    expect(words(-7200)).toBe('Its clock is 2 hr behind this computer’s');
    expect(skewWords(-180, languageFor('zh-CN'))).toBe('其时钟比本机慢 3分钟');
  });
});
