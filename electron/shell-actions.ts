import { clipboard, shell } from 'electron';
import type { BridgeReply } from '../src/protocol/bridge.ts';
import type { RpcFailure } from '../src/protocol/contract.ts';
import type { StatusView } from '../src/protocol/shapes.ts';
import type { EngineHost } from './engine-host.ts';
import { askEngine } from './engine-requests.ts';
import { isWebAddress } from './web-address.ts';

const done = { ok: true, result: null } as const;

function refused(kind: RpcFailure['kind'], message: string, hint = ''): BridgeReply<null> {
  return { ok: false, error: { kind, message, hint } };
}

/** Shows the operation's file in the file manager. The engine names the path: a page never does. */
export async function reveal(host: EngineHost, operationId: string): Promise<BridgeReply<null>> {
  const reply = await askEngine(host, 'localPath', { id: operationId });
  if (!reply.ok) return reply;
  shell.showItemInFolder(reply.result.path);
  return done;
}

/** Opens a watched folder, by its name in the engine's status. */
export async function openFolder(status: StatusView | null, folderName: string): Promise<BridgeReply<null>> {
  const folder = status?.folders.find((each) => each.name === folderName);
  if (!folder) return refused('not-found', `There is no folder “${folderName}”.`);
  const problem = await shell.openPath(folder.path);
  return problem === '' ? done : refused('state', problem);
}

/** Opens the remote object in the browser, at an address that the engine gives. */
export async function openRemote(host: EngineHost, operationId: string): Promise<BridgeReply<null>> {
  const reply = await askEngine(host, 'viewUrl', { id: operationId });
  if (!reply.ok) return reply;
  if (!isWebAddress(reply.result.url)) return refused('not-available', 'This object has no address for a browser.');
  try {
    await shell.openExternal(reply.result.url);
    return done;
  } catch {
    return refused('unexpected', 'The browser could not be opened.');
  }
}

/** Newer versions of Electron do it in their own time, older ones at once. */
export async function copyText(text: string): Promise<void> {
  await clipboard.writeText(text);
}
