import { en } from './en.ts';
import type { Messages } from './en.ts';
import type { Format } from './format.ts';
import { createFormat } from './format.ts';
import { zh } from './zh.ts';

export interface Language {
  /** The dictionary's language, as HTML names it. */
  readonly tag: 'en' | 'zh-Hans';
  readonly code: 'en' | 'zh';
  readonly m: Messages;
  readonly f: Format;
}

/** A locale that Intl takes; an unknown one falls back to the dictionary's. */
function usableLocale(locale: string, fallback: string): string {
  try {
    return Intl.NumberFormat.supportedLocalesOf(locale)[0] ?? fallback;
  } catch {
    return fallback;
  }
}

/** The window's language for a BCP 47 locale: Chinese for any Chinese, English for all others. */
export function languageFor(locale: string): Language {
  return locale.toLowerCase().startsWith('zh')
    ? { tag: 'zh-Hans', code: 'zh', m: zh, f: createFormat('zh-CN') }
    : { tag: 'en', code: 'en', m: en, f: createFormat(usableLocale(locale.startsWith('en') ? locale : 'en', 'en')) };
}
