/**
 * S3 lists keys in the order of their UTF-8 bytes. That is the order of code points, which UTF-16 comparison breaks
 * only between surrogates and U+E000…U+FFFF; moving those two ranges past each other mends it without encoding.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const [left, right] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** The first index in `sorted` whose item is not before the key (`inclusive`), or is after it. */
export function lowerBound<T>(
  sorted: readonly T[],
  key: string,
  keyOf: (item: T) => string,
  inclusive: boolean,
): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = sorted[middle] as T;
    const order = compareKeys(keyOf(item), key);
    if (order < 0 || (!inclusive && order === 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}
