import type { OperationDetail } from '../../src/protocol/shapes.ts';
import { useApp } from '../app-context.ts';
import { CopyButton } from './copy-button.tsx';

type Versions = OperationDetail['versions'];

function RemoteVersion({ title, version }: { title: string; version: Versions['remote'] }) {
  const { m, f } = useApp().language;
  return (
    <div className="version">
      <h4>{title}</h4>
      {version === null ? (
        <p className="quiet">{m.drawer.none}</p>
      ) : (
        <>
          <p className="num">
            {version.sizeBytes === null ? '' : f.bytes(version.sizeBytes)}
            {version.lastModified === null ? '' : ` · ${f.dateTime(version.lastModified)}`}
          </p>
          <p className="version-tag">
            <code title={version.etag}>{version.etag}</code>
            <CopyButton text={version.etag} what={m.drawer.etag} />
          </p>
        </>
      )}
    </div>
  );
}

/** The three versions side by side: what a conflict is decided by. */
export function DrawerVersions({ detail }: { detail: OperationDetail }) {
  const { m, f } = useApp().language;
  const { kind, state } = detail;
  const { base, remote, local } = detail.versions;
  // Only a conflict is decided by what is not there.
  const all = state === 'conflict';
  if (!all && base === null && remote === null && local === null) return null;
  return (
    <section>
      <h3>{m.drawer.versions}</h3>
      <div className="versions">
        {kind === 'api.call' || (local === null && !all) ? null : (
          <div className="version">
            <h4>{m.drawer.local}</h4>
            {local === null ? (
              <p className="quiet">{m.drawer.none}</p>
            ) : (
              <p className="num">{`${f.bytes(local.sizeBytes)} · ${f.dateTime(local.modifiedAt)}`}</p>
            )}
          </div>
        )}
        {remote === null && !all ? null : <RemoteVersion title={m.drawer.remote} version={remote} />}
        {base === null && !all ? null : <RemoteVersion title={m.drawer.base} version={base} />}
      </div>
    </section>
  );
}
