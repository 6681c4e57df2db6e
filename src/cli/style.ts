import { styleText } from 'node:util';

const STYLES = {
  strong: 'bold',
  faint: 'dim',
  good: 'green',
  bad: 'red',
  warn: 'yellow',
  busy: 'cyan',
} as const;
export type StyleName = keyof typeof STYLES;

/** Marks text up for a terminal that shows colours; gives it back as it is elsewhere. */
export type Style = (name: StyleName, text: string) => string;

export const plainStyle: Style = (_name, text) => text;
export const colourStyle: Style = (name, text) => styleText(STYLES[name], text, { validateStream: false });

/** Colours only where a person looks, and neither `--no-color`, NO_COLOR (no-color.org) nor a dumb terminal says no. */
export function chooseStyle(
  isTerminal: boolean,
  wanted: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Style {
  const isRefused = !wanted || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return isTerminal && !isRefused ? colourStyle : plainStyle;
}
