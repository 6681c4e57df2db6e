import { partCount, plannedPart } from '../core/part-plan.ts';
import type { Repositories } from '../db/repositories.ts';
import type { Sealer } from '../db/seal.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import type { OperationDetail } from '../protocol/shapes.ts';
import { responsePurpose } from '../sync/call-executor.ts';
import { uploadSpec } from '../sync/specs.ts';
import { eventView, iso, operationView, versionView, type ViewContext } from './operation-view.ts';

/** Of a history so many events are shown, the newest: an operation that retried for weeks stays readable. */
const EVENT_LIMIT = 500;

/** One operation with its history, parts and versions. */
export function detailView(
  repos: Repositories,
  sealer: Sealer,
  operation: StoredOperation,
  context: ViewContext,
): OperationDetail {
  const events = repos.events.latestOf(operation.id, EVENT_LIMIT);
  return {
    ...operationView(operation, context),
    events: events.map(eventView),
    parts: partsView(repos, operation),
    steps: [],
    versions: versionsView(operation),
    response: responseView(sealer, operation),
  };
}

export function versionsView(operation: StoredOperation): OperationDetail['versions'] {
  const isFile = operation.kind === 'file.upload' || operation.kind === 'file.move';
  const spec = isFile ? uploadSpec(operation) : null;
  return {
    base: versionView(operation.base),
    remote: versionView(operation.remote),
    local: spec === null ? null : { sizeBytes: spec.sizeBytes, modifiedAt: iso(spec.mtimeMs) },
  };
}

/** The whole plan of an open upload: finished parts with their checksums, the others to come. */
function partsView(repos: Repositories, operation: StoredOperation): OperationDetail['parts'] {
  const upload = repos.uploads.get(operation.id);
  if (upload === null) return [];
  const done = new Map(repos.uploads.parts(operation.id).map((part) => [part.number, part]));
  return Array.from({ length: partCount(upload.sizeBytes, upload.partSizeBytes) }, (_, index) => {
    const plan = plannedPart(upload.sizeBytes, upload.partSizeBytes, index + 1);
    const part = done.get(plan.number);
    return {
      number: plan.number,
      offset: plan.offset,
      sizeBytes: plan.sizeBytes,
      checksum: part === undefined ? null : `${upload.algorithm}:${part.checksum}`,
      etag: part?.etag ?? null,
      doneAt: part === undefined ? null : iso(part.doneAt),
    };
  });
}

function responseView(sealer: Sealer, operation: StoredOperation): OperationDetail['response'] {
  const { response } = operation;
  if (response === null) return null;
  let body: string;
  try {
    body = sealer.open(Buffer.from(response.body, 'base64'), responsePurpose(operation.id));
  } catch {
    body = '(sealed with a key that is not here)';
  }
  return { status: response.status, headers: { ...response.headers }, body, truncated: response.truncated };
}
