import { useApp } from '../app-context.ts';

interface ProgressBarProps {
  /** 0 to 1; null while it is not known. */
  readonly fraction: number | null;
  readonly label: string;
  /** Greyed: nothing moves now. */
  readonly quiet?: boolean;
}

export function ProgressBar({ fraction, label, quiet = false }: ProgressBarProps) {
  const { f } = useApp().language;
  const value = fraction === null ? null : Math.max(0, Math.min(1, fraction));
  return (
    <div
      className="bar"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(value === null ? {} : { 'aria-valuenow': Math.floor(value * 100), 'aria-valuetext': f.percent(value) })}
      data-quiet={quiet}
      data-unknown={value === null}
    >
      <div className="bar-fill" style={{ transform: `scaleX(${value ?? 0})` }} />
    </div>
  );
}
