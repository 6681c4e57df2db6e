/** Columns that text takes in a terminal: East Asian wide characters and emoji take two, combining marks none. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
// oxlint-disable-next-line no-control-regex
const ASCII = /^[\u0020-\u007e]*$/;

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** `text` without escape sequences. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** At most `columns` wide, with "…" where something was left out: at the end, or in the middle for paths. */
export function shorten(text: string, columns: number, where: 'end' | 'middle' = 'end'): string {
  if (textWidth(text) <= columns) return text;
  if (columns <= 1) return columns === 1 ? '…' : '';
  const graphemes = Array.from(segmenter.segment(text), ({ segment }) => segment);
  const tail = where === 'middle' ? takeWidth(graphemes.toReversed(), Math.floor((columns - 1) / 2)).toReversed() : [];
  const head = takeWidth(graphemes, columns - 1 - textWidth(tail.join('')));
  return `${head.join('')}…${tail.join('')}`;
}

function takeWidth(graphemes: readonly string[], columns: number): readonly string[] {
  let left = columns;
  const end = graphemes.findIndex((grapheme) => {
    left -= graphemeWidth(grapheme);
    return left < 0;
  });
  return end === -1 ? graphemes : graphemes.slice(0, end);
}

function graphemeWidth(grapheme: string): number {
  if (WIDE.test(grapheme)) return 2;
  return ZERO.test(grapheme) ? 0 : 1;
}
