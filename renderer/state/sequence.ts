/** What a numbered change means to who has seen everything up to `seen`. */
export function judgeSequence(seen: number, incoming: number): 'apply' | 'stale' | 'gap' {
  if (incoming <= seen) return 'stale';
  return incoming === seen + 1 ? 'apply' : 'gap';
}
