import type { OperationDetail } from '../../src/protocol/shapes.ts';
import { useApp } from '../app-context.ts';
import { CopyButton } from './copy-button.tsx';

type Versions = OperationDetail['versions'];

interface RemoteVersionProps {
  readonly title: string;
  readonly version: Versions['remote'];
  /** What is said where there is none. */
  readonly missing: string;
}

function RemoteVersion({ title, version, missing }: RemoteVersionProps) {
  const { m, f } = useApp().language;
  const changedAt = version?.modifiedAt ?? version?.lastModified ?? null;
  return (
    <div className="version">
      <h4>{title}</h4>
      {version === null ? (
        <p className="quiet">{missing}</p>
      ) : (
        <>
          <p className="num">
            {version.sizeBytes === null ? '' : f.bytes(version.sizeBytes)}
            {changedAt === null ? '' : ` · ${f.dateTime(changedAt)}`}
            {version.device === undefined ? null : <bdi>{` · ${version.device}`}</bdi>}
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
              <p className="quiet">{kind === 'file.delete' ? m.drawer.deletedHere : m.drawer.none}</p>
            ) : (
              <p className="num">{`${f.bytes(local.sizeBytes)} · ${f.dateTime(local.modifiedAt)}`}</p>
            )}
          </div>
        )}
        {remote === null && !all ? null : (
          <RemoteVersion
            title={m.drawer.remote}
            version={remote}
            missing={detail.error?.code === 'conflict.deleted' ? m.drawer.deletedThere : m.drawer.none}
          />
        )}
        {base === null && !all ? null : <RemoteVersion title={m.drawer.base} version={base} missing={m.drawer.none} />}
      </div>
    </section>
  );
}
