import type { CapabilitiesView } from '../protocol/shapes.ts';
import { standIns, type ConditionalWrite, type KnownCapabilities } from '../sync/capabilities/capabilities.ts';
import { timeInWords } from './gate-words.ts';
import { isoOrNull } from './operation-view.ts';

const STEPS = ['put', 'complete', 'copy', 'delete'] as const;
const STEP_NAMES: Record<(typeof STEPS)[number], string> = {
  put: 'uploads',
  complete: 'uploads in parts',
  copy: 'copies',
  delete: 'deletes',
};

/** What is known of a destination, as shells see it. */
export function capabilitiesView(known: KnownCapabilities): CapabilitiesView {
  const { checkedAt, denied, leftover, capabilities } = known;
  return {
    checkedAt: isoOrNull(checkedAt),
    denied,
    leftover,
    conditions: { ...capabilities.conditions },
    checksums: { ...capabilities.checksums },
    versions: capabilities.versions,
    standIns: [...standIns(capabilities)],
    note: noteOf(known),
  };
}

/** For people: only what differs from what one may expect. */
function noteOf({ checkedAt, denied, leftover, capabilities }: KnownCapabilities): string | null {
  if (checkedAt === null) return null;
  const sentences: string[] = [];
  if (denied)
    sentences.push('The keys do not allow to find out what this storage can do; Longshore looks before each write.');
  else {
    const { conditions } = capabilities;
    const missing = standIns(capabilities);
    const refused = missing.filter((write) => conditions[write] === 'refused');
    sentences.push(
      ...conditionSentences(
        missing.filter((write) => !refused.includes(write)),
        'not honoured',
      ),
    );
    sentences.push(...conditionSentences(refused, 'refused'));
  }
  if (leftover !== null)
    sentences.push(`The keys may not delete, so this small object of Longshore's stays there: ${leftover}`);
  return sentences.length === 0 ? null : sentences.join(' ');
}

function conditionSentences(writes: readonly ConditionalWrite[], how: 'not honoured' | 'refused'): string[] {
  const steps = STEPS.filter((step) => writes.some((write) => write.startsWith(step)));
  if (steps.length === 0) return [];
  const names = steps.map((step) => STEP_NAMES[step]);
  return [`Conditions ${how} on ${listed(names)}: checked by a look before.`];
}

function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** All of it in one line, good or not, for `doctor`; null while nothing was found out. */
export function capabilitiesSentence(known: KnownCapabilities): string | null {
  const { checkedAt, capabilities } = known;
  if (checkedAt === null) return null;
  const conditions = noteOf(known) ?? 'Conditions of all writes are honoured.';
  const versions = {
    yes: 'The bucket keeps old versions, so decisions about conflicts can be undone.',
    no: 'The bucket keeps no old versions: what a conflict’s decision replaced is gone.',
    unknown: '',
  }[capabilities.versions];
  // Found out once a week: what was changed at the service since is not in it.
  return [conditions, versions, `As of ${timeInWords(checkedAt)}.`].filter((one) => one !== '').join(' ');
}
