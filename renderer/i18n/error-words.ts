import { errorEntry, isErrorCode } from '../../src/core/error-table.ts';
import type { OperationView } from '../../src/protocol/shapes.ts';
import type { Language } from './language.ts';

export interface ErrorWords {
  readonly message: string;
  readonly hint: string;
}

/**
 * An error's sentences in the reader's language. English is taken as the engine words it, because it may say more than
 * the table; other languages come from the table by code.
 */
export function errorWords(error: NonNullable<OperationView['error']>, language: Language): ErrorWords {
  if (language.code === 'en' || !isErrorCode(error.code)) return { message: error.message, hint: error.hint };
  return errorEntry(error.code)[language.code];
}
