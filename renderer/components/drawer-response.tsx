import type { OperationDetail } from '../../src/protocol/shapes.ts';
import { useApp } from '../app-context.ts';
import { CopyButton } from './copy-button.tsx';

/** The steps of a flow and the answer to a call, where there are any. */
export function DrawerResponse({ detail }: { detail: OperationDetail }) {
  const { m } = useApp().language;
  const { response, steps } = detail;
  return (
    <>
      {steps.length === 0 ? null : (
        <section>
          <h3>{m.drawer.steps}</h3>
          <ol className="steps">
            {steps.map((step) => (
              <li key={step.name}>
                <span>{step.name}</span>
                <span className="quiet">{m.phases[step.state] ?? step.state}</span>
              </li>
            ))}
          </ol>
        </section>
      )}
      {response === null ? null : (
        <section>
          <h3>
            {m.drawer.response}
            <CopyButton text={response.body} what={m.drawer.response} />
          </h3>
          <p className="quiet num">
            {m.drawer.status(response.status)}
            {response.truncated ? ` · ${m.drawer.truncated}` : ''}
          </p>
          {response.body === '' ? null : <pre>{response.body}</pre>}
        </section>
      )}
    </>
  );
}
