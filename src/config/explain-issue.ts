/**
 * Turns what zod finds into plain words: what is wrong, where, and what would be right. Shows a wrong value only where
 * it can't be a secret (P12).
 */
import type { z } from 'zod';

import { maySayWhatIsAt, valueAt } from './key-path.ts';
import type { KeyPath } from './key-path.ts';
import { knownKeys, objectsAt, schemaAt } from './schema-at.ts';
import { AUTH_TYPES_LATER, schemaMarks } from './schema-marks.ts';
import { suggest } from './suggest.ts';

/** A problem before its place in the file is looked up. */
export interface Finding {
  /** Names the place in `ConfigProblem.key`. */
  readonly path: KeyPath;
  /** Where line and column point: the key or the value at this path. */
  readonly pointAt: KeyPath;
  readonly point: 'key' | 'value';
  readonly message: string;
  readonly hint: string;
  readonly isMissing?: true;
}

/** A finding whose line and column are those of the value at `path`. */
export function placed(path: KeyPath, message: string, hint: string): Finding {
  return { path, pointAt: path, point: 'value', message, hint };
}

/** A finding about a key; `pointAt` is the nearest one that is there, null for the key itself. */
export function placedAtKey(path: KeyPath, pointAt: KeyPath | null, message: string, hint: string): Finding {
  return { path, pointAt: pointAt ?? path, point: 'key', message, hint };
}

export interface ExplainContext {
  readonly schema: z.ZodType;
  readonly root: unknown;
  /** Whether environment variables were put into the value here: then it is not shown. */
  isFromEnv(path: KeyPath): boolean;
}

type Issue = z.core.$ZodIssue;

/** Made by the parse with no message where the schema itself words none: see `schemaIssues` in load-config.ts. */
export function explainIssues(issues: readonly Issue[], context: ExplainContext): readonly Finding[] {
  const findings = issues.flatMap((issue) => explain(issue, [], context));
  return dropMissingThatWereMistyped(findings, context);
}

function explain(issue: Issue, base: KeyPath, context: ExplainContext): readonly Finding[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, context));
  if (issue.code === 'invalid_key') return [invalidName(path, issue)];
  const value = valueAt(context.root, path);
  if (issue.code === 'custom') {
    const hint: unknown = issue.params?.['hint'];
    return [placed(path, issue.message, typeof hint === 'string' ? hint : '')];
  }
  if (value === undefined && path.length > 0) return [missing(path, expectation(issue, path, context))];
  if (value === null) return [noValue(path, expectation(issue, path, context))];
  switch (issue.code) {
    case 'invalid_union':
      return explainUnion(issue, path, value, context);
    case 'invalid_value':
      return [wrongChoice(path, value, choicesAt(path, issue.values, context), context)];
    case 'invalid_type':
      return [wrongType(issue, path, value, context)];
    case 'too_small':
    case 'too_big':
      return [outOfRange(issue, path)];
    case 'invalid_format':
    case 'invalid_element':
    case 'not_multiple_of':
      return [placed(path, wrongText(path, value, context), issue.message)];
  }
}

// ------------------------------------------------------------------------------------------------- kinds of trouble

function unknownKey(path: KeyPath, key: string, context: ExplainContext): Finding {
  const at = [...path, key];
  const value = valueAt(context.root, path);
  const objects = objectsAt(context.schema, path, context.root);
  const known = knownKeys(bestFit(objects, value));
  const near = suggest(key, known);
  const isElsewhere = objects.some((object) => knownKeys(object).includes(key));
  // A slip of a known key is no secret; a known key with more behind it may hold one.
  const isSlip = near !== null && key.length <= near.length + 2;
  const sayable = maySayWhatIsAt(at) || isElsewhere || (isSlip && !key.includes(':'));
  const name = sayable ? `"${key}"` : 'This key';
  const message = isElsewhere
    ? `${name} can’t stand together with the other keys here.`
    : `${name} is not a known key here.`;
  const hints = [
    ...(key.includes(':') ? ['Put a space after the colon.'] : []),
    ...(near === null || isElsewhere ? [] : [`Did you mean "${near}"?`]),
    ...(known.length === 0 ? [] : [`Known keys: ${known.join(', ')}.`]),
  ];
  return { path: sayable ? at : path, pointAt: at, point: 'key', message, hint: hints.join(' ') };
}

function invalidName(path: KeyPath, issue: z.core.$ZodIssueInvalidKey): Finding {
  const sayable = maySayWhatIsAt(path);
  const name = sayable ? `"${String(path.at(-1))}"` : 'This key';
  const message = `${name} can’t be a name here.`;
  return {
    path: sayable ? path : path.slice(0, -1),
    pointAt: path,
    point: 'key',
    message,
    hint: issue.issues[0]?.message ?? '',
  };
}

function missing(path: KeyPath, hint: string): Finding {
  return {
    path,
    pointAt: path.slice(0, -1),
    point: 'key',
    message: `${subject(path)} is missing.`,
    hint,
    isMissing: true,
  };
}

function noValue(path: KeyPath, hint: string): Finding {
  // `headers: { abc }` makes the text a key without a value: it may be a secret in the wrong place.
  const isFreeKey = path[0] === 'providers' && path[2] === 'headers' && path.length === 4;
  const message = isFreeKey ? 'This header has no value.' : `${subject(path)} has no value.`;
  return { path: isFreeKey ? path.slice(0, -1) : path, pointAt: path, point: 'key', message, hint };
}

function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: KeyPath,
  value: unknown,
  context: ExplainContext,
): readonly Finding[] {
  if ('options' in issue && issue.options !== undefined) {
    return [wrongChoice(path, value, choicesAt(path, issue.options, context), context)];
  }
  if (typeof value === 'object' && !Array.isArray(value)) {
    const branch = bestBranch(issue.errors, value);
    if (branch !== null) return branch.flatMap((inner) => explain(inner, path, context));
  }
  return [placed(path, wrongText(path, value, context), issue.message)];
}

/** The alternative that knows the most of the keys given, then the one with the fewest faults; null when none knows any. */
function bestBranch(branches: readonly (readonly Issue[])[], value: unknown): readonly Issue[] | null {
  const given = keysOf(value).length;
  let best: readonly Issue[] | null = null;
  let bestKnown = 0;
  for (const branch of branches) {
    const takesNoObject = branch.some(
      ({ code, path }) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value'),
    );
    if (takesNoObject) continue;
    const unknown = branch.flatMap((inner) =>
      inner.code === 'unrecognized_keys' && inner.path.length === 0 ? inner.keys : [],
    );
    // An alternative told apart by a missing or unknown "type" did not get as far as looking at the other keys.
    const known = given - unknown.length;
    if (known > bestKnown || (known === bestKnown && best !== null && branch.length < best.length)) {
      best = branch;
      bestKnown = known;
    }
  }
  return best;
}

function wrongChoice(path: KeyPath, value: unknown, choices: readonly string[], context: ExplainContext): Finding {
  // What is near to a known word is no secret, wherever it stands.
  const near = typeof value === 'string' && !context.isFromEnv(path) ? suggest(value, choices) : null;
  const list = choices.length === 1 ? `It must be ${choices[0]}.` : `It can be ${choices.join(', ')}.`;
  return placed(path, wrongText(path, value, context), near === null ? list : `Did you mean "${near}"? ${list}`);
}

function wrongType(
  issue: z.core.$ZodIssueInvalidType,
  path: KeyPath,
  value: unknown,
  context: ExplainContext,
): Finding {
  const wanted = TYPE_WORDS[issue.expected] ?? 'something else';
  const message = `${subject(path)} must be ${wanted}, not ${kindOf(value)}.`;
  if (issue.message !== '') return placed(path, message, issue.message);
  if (context.isFromEnv(path) && issue.expected !== 'string') {
    return placed(path, message, 'An environment variable always gives text: write the value itself here.');
  }
  return placed(path, message, issue.expected === 'boolean' ? 'Write true or false, without quotes.' : '');
}

function outOfRange(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, path: KeyPath): Finding {
  const isSmall = issue.code === 'too_small';
  const bound = Number(isSmall ? issue.minimum : issue.maximum);
  const name = subject(path);
  if (issue.origin === 'string') {
    return placed(path, isSmall ? `${name} is empty.` : `${name} is longer than ${bound} characters.`, issue.message);
  }
  if (issue.origin === 'array') {
    return placed(
      path,
      isSmall ? `${name} has too few entries.` : `${name} has more than ${bound} entries.`,
      issue.message,
    );
  }
  return placed(
    path,
    `${name} is too ${isSmall ? 'small' : 'large'}.`,
    `It must be at ${isSmall ? 'least' : 'most'} ${bound}.`,
  );
}

// -------------------------------------------------------------------------------------------------------- wording

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of names to values',
};

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return 'true or false';
  return Number.isInteger(value) ? 'a whole number' : 'a number';
}

/** What would be right where nothing stands. */
function expectation(issue: Issue, path: KeyPath, context: ExplainContext): string {
  if (issue.code === 'invalid_union' && 'options' in issue && issue.options !== undefined) {
    return `It can be ${choicesAt(path, issue.options, context).join(', ')}.`;
  }
  if (issue.code === 'invalid_value') return `It can be ${choicesAt(path, issue.values, context).join(', ')}.`;
  if (issue.message !== '') return issue.message;
  const wanted = issue.code === 'invalid_type' ? TYPE_WORDS[issue.expected] : undefined;
  return wanted === undefined ? '' : `It must be ${wanted}.`;
}

/** Of an enum, the values that can be used now: what is refused must not be proposed. */
function choicesAt(
  path: KeyPath,
  values: readonly z.core.util.Primitive[],
  context: ExplainContext,
): readonly string[] {
  const marks = schemaMarks(schemaAt(context.schema, path, context.root));
  return marks.available ?? values.map(String).filter((value) => !AUTH_TYPES_LATER.some((later) => later === value));
}

function wrongText(path: KeyPath, value: unknown, context: ExplainContext): string {
  if (context.isFromEnv(path)) return `${subject(path)}, taken from the environment, is not what can stand here.`;
  if (!canShow(path, value, context)) return `${subject(path)} is not what can stand here.`;
  return `${subject(path)} can’t be ${JSON.stringify(value)}.`;
}

function canShow(path: KeyPath, value: unknown, context: ExplainContext): boolean {
  if (!maySayWhatIsAt(path) || context.isFromEnv(path)) return false;
  return typeof value === 'string'
    ? /^[\x20-\x7E]{0,40}$/.test(value)
    : typeof value === 'number' || typeof value === 'boolean';
}

function subject(path: KeyPath): string {
  const last = path.at(-1);
  if (last === undefined) return 'The configuration';
  return typeof last === 'number' ? `Entry ${last + 1} of "${String(path.at(-2) ?? '')}"` : `"${last}"`;
}

function keysOf(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}

function bestFit(objects: readonly z.ZodObject[], value: unknown): z.ZodObject | null {
  const given = keysOf(value);
  let best: z.ZodObject | null = null;
  let bestKnown = -1;
  for (const object of objects) {
    const known = knownKeys(object).filter((key) => given.includes(key)).length;
    if (known > bestKnown) {
      best = object;
      bestKnown = known;
    }
  }
  return best;
}

/** "pth is not known, did you mean path?" says already that path is missing. */
function dropMissingThatWereMistyped(findings: readonly Finding[], context: ExplainContext): readonly Finding[] {
  return findings.filter((finding) => {
    if (finding.isMissing !== true) return true;
    const parent = finding.path.slice(0, -1);
    const name = String(finding.path.at(-1));
    const value = valueAt(context.root, parent);
    const known = knownKeys(bestFit(objectsAt(context.schema, parent, context.root), value));
    return !keysOf(value).some((key) => !known.includes(key) && suggest(key, known) === name);
  });
}
