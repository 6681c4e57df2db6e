import { FileWarning } from 'lucide-react';
import { useApp, useWindowState } from '../app-context.ts';

/** A configuration that could not be taken up stops nothing. */
export function ConfigNotice() {
  const { m } = useApp().language;
  const problems = useWindowState((state) => state.status?.configProblems);
  if (problems === undefined || problems.length === 0) return null;
  return (
    <section className="notice" role="note">
      <FileWarning size={16} strokeWidth={1.75} aria-hidden />
      <div>
        <p>{m.config.problem}</p>
        <ul>
          {problems.slice(0, 3).map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      </div>
    </section>
  );
}
