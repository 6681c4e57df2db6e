import type { ObjectStore } from '../../core/ports.ts';

/** The gate of a destination closed while something worked there in the background. */
export class GateClosed extends Error {
  override readonly name = 'GateClosed';

  constructor() {
    super('the gate of the destination closed');
  }
}

/** The store, where each request starts only while the gate is open (P9): a closed one rejects with `GateClosed`. */
export function gatedStore(store: ObjectStore, isOpen: () => boolean): ObjectStore {
  const gated =
    <A extends readonly unknown[], T>(send: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      if (!isOpen()) throw new GateClosed();
      return await send(...args);
    };
  return {
    head: gated((...args) => store.head(...args)),
    put: gated((...args) => store.put(...args)),
    createUpload: gated((...args) => store.createUpload(...args)),
    uploadPart: gated((...args) => store.uploadPart(...args)),
    listParts: gated((...args) => store.listParts(...args)),
    completeUpload: gated((...args) => store.completeUpload(...args)),
    abortUpload: gated((...args) => store.abortUpload(...args)),
    listUploads: gated((...args) => store.listUploads(...args)),
    copy: gated((...args) => store.copy(...args)),
    copyPart: gated((...args) => store.copyPart(...args)),
    remove: gated((...args) => store.remove(...args)),
    read: gated((...args) => store.read(...args)),
    probe: gated((...args) => store.probe(...args)),
    viewUrl: gated((...args) => store.viewUrl(...args)),
    refreshConnections: () => {
      store.refreshConnections();
    },
    close: () => {
      store.close();
    },
  };
}
