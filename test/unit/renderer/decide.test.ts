import { describe, expect, test } from 'vitest';
import { createItemCommands } from '../../../renderer/actions/item-commands.ts';
import { createRequest } from '../../../renderer/bridge/rpc-client.ts';
import { languageFor } from '../../../renderer/i18n/language.ts';
import { createStore } from '../../../renderer/state/store.ts';
import { INITIAL_STATE, reduceWindow } from '../../../renderer/state/window-state.ts';
import type { BridgeReply, LongshoreBridge } from '../../../src/protocol/bridge.ts';

/** The commands on a bridge that answers as told and remembers what it was asked. */
function rig(answer: (method: string) => BridgeReply<unknown>) {
  const asked: [string, unknown][] = [];
  const bridge = {
    request: async (method: string, params: unknown) => {
      asked.push([method, params]);
      return answer(method);
    },
  } as unknown as LongshoreBridge;
  const store = createStore(reduceWindow, INITIAL_STATE);
  const commands = createItemCommands(bridge, createRequest(bridge), store, languageFor('en-US'));
  return { asked, commands, toasts: () => store.get().toasts };
}

const refusal: BridgeReply<unknown> = {
  ok: false,
  error: { kind: 'not-found', message: 'No deletes of folder "drop" wait for a word.', hint: 'See what waits.' },
};

describe('words on questions', () => {
  test('a mass delete is decided as asked, and what follows is said', async () => {
    const { asked, commands, toasts } = rig(() => ({
      ok: true,
      result: { folder: 'drop', decision: 'delete', files: 1234 },
    }));
    expect(await commands.decideDeletes('drop', 'delete')).toBe(true);
    expect(asked).toEqual([['deletes.decide', { folder: 'drop', decision: 'delete' }]]);
    expect(toasts().map(({ title }) => title)).toEqual([
      '1,234 files will be deleted in the storage, after one more look at the folder',
    ]);
  });

  test('a decision that came too late is told as it is', async () => {
    const { commands, toasts } = rig(() => refusal);
    expect(await commands.decideDeletes('drop', 'keep')).toBe(false);
    expect(toasts()).toMatchObject([
      { tone: 'bad', lines: ['No deletes of folder "drop" wait for a word.', 'See what waits.'] },
    ]);
  });

  test('a folder is adopted by name', async () => {
    const { asked, commands } = rig(() => ({ ok: true, result: { folder: 'drop' } }));
    expect(await commands.adoptFolder('drop')).toBe(true);
    expect(asked).toEqual([['folder.adopt', { folder: 'drop' }]]);
  });

  test('undo gives the operation that does it, or the reason why there is none', async () => {
    const done = rig(() => ({ ok: true, result: { undone: [{ id: 'a', operationId: 'b' }], refused: [] } }));
    expect(await done.commands.undo('a', 'decision')).toBe('b');
    expect(done.asked).toEqual([['undo', { ids: ['a'] }]]);
    expect(done.toasts()).toMatchObject([{ tone: 'ok' }]);
    const reason = 'the storage keeps no old versions of this bucket (versioning is off), so theirs is gone';
    const refused = rig(() => ({ ok: true, result: { undone: [], refused: [{ id: 'a', reason }] } }));
    expect(await refused.commands.undo('a', 'decision')).toBeNull();
    expect(refused.toasts()).toMatchObject([{ tone: 'bad', lines: [`a: ${reason}`] }]);
  });

  test('each choice of a conflict keeps the side that it names', async () => {
    const { asked, commands } = rig(() => ({ ok: true, result: { resolved: ['a'], refused: [] } }));
    const choices = [
      'keep-local',
      'delete-theirs',
      'upload-again',
      'keep-remote',
      'leave-deleted',
      'keep-both',
    ] as const;
    for (const choice of choices) await commands.run(choice, ['a']);
    expect(asked.map(([, params]) => (params as { keep: string }).keep)).toEqual([
      'local',
      'local',
      'local',
      'remote',
      'remote',
      'both',
    ]);
  });
});
