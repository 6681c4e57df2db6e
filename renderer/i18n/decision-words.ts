import type { Decision } from '../state/decision.ts';
import type { Language } from './language.ts';

/** Who decided what, and why, in one sentence. */
export function decisionWords({ keep, strategy, reason }: Decision, { m }: Language): string {
  if (strategy === null) return m.decision.byYou(m.events.kept[keep]);
  const reasons: Readonly<Record<string, string>> = m.decision.reasons;
  const why = reason === null ? undefined : reasons[reason];
  return m.decision.byStrategy(m.events.kept[keep], m.decision.strategies[strategy] ?? strategy, why ?? null);
}
