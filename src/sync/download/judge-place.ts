import { identityOf, type Fingerprint } from '../../core/fingerprint.ts';
import type { FileStat } from '../../core/ports.ts';

/** What is to be done with the place that a download is for. */
export type PlaceJudgement =
  /** Nothing is there, as expected; or what was there is kept aside already. */
  | { readonly kind: 'free' }
  /** The file that was expected is there, now in the state `expected`: it is kept aside. */
  | { readonly kind: 'replace'; readonly expected: Fingerprint }
  /** Something else is there, in the state `stat`: it may be what an attempt has placed whose end was never recorded. */
  | { readonly kind: 'look'; readonly stat: FileStat }
  /** A newer local state: the download is moot. */
  | { readonly kind: 'moot'; readonly reason: string };

/** Pure. `asideIsKept`: an earlier attempt has moved the file that was here to its name beside. */
export function judgePlace(
  present: FileStat | null,
  replaces: Fingerprint | null,
  asideIsKept: boolean,
  sizeBytes: number,
): PlaceJudgement {
  if (present === null) {
    if (replaces === null || asideIsKept) return { kind: 'free' };
    return { kind: 'moot', reason: 'the file was removed meanwhile' };
  }
  if (present.kind !== 'file') return { kind: 'moot', reason: 'something that is no file stands there now' };
  // A second name or another mode moves the ctime alone: what is in the file is the same.
  if (replaces !== null && identityOf(present.fingerprint) === identityOf(replaces))
    return { kind: 'replace', expected: present.fingerprint };
  return present.sizeBytes === sizeBytes
    ? { kind: 'look', stat: present }
    : { kind: 'moot', reason: 'the file changed meanwhile' };
}
