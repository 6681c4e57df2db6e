import type { ErrorCode } from 'yaml';

interface Words {
  readonly message: string;
  readonly hint: string;
}

/**
 * Words for what the YAML parser finds. The parser's own sentences are not used: some quote the source, where secrets
 * stand (P12).
 */
const WORDS = {
  ALIAS_PROPS: { message: 'An alias (*name) can have no anchor or tag of its own.', hint: '' },
  BAD_ALIAS: {
    message: 'This alias (*name) is empty or names no anchor.',
    hint: 'Put text that starts with * in quotes.',
  },
  BAD_DIRECTIVE: { message: 'This %-directive is not understood.', hint: 'Put text that starts with % in quotes.' },
  BAD_DQ_ESCAPE: {
    message: 'This backslash sequence is not valid between double quotes.',
    hint: 'Use single quotes, or write \\\\ for one backslash.',
  },
  BAD_INDENT: { message: 'The indentation is wrong, or a closing ] or } is missing above.', hint: '' },
  BAD_PROP_ORDER: { message: 'Anchors and tags must come after the indicators - ? and :.', hint: '' },
  BAD_SCALAR_START: { message: 'Plain text can’t start with this character.', hint: 'Put the text in quotes.' },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'There is a second ": " on this line.',
    hint: 'Put text that holds ": " in quotes, or start a new, deeper line.',
  },
  BLOCK_IN_FLOW: { message: 'A block can’t stand inside [ ] or { }.', hint: '' },
  DUPLICATE_KEY: { message: 'This key is here twice.', hint: 'Keep one of them.' },
  IMPOSSIBLE: { message: 'This is not valid YAML.', hint: '' },
  KEY_OVER_1024_CHARS: { message: 'This key is too long.', hint: 'Keys have at most 1,024 characters.' },
  MISSING_CHAR: {
    message: 'A character is missing here, or this line is indented by too little or too much.',
    hint: 'Give it the indentation of its neighbours; else look for a closing quote or bracket, a comma, a colon or a space.',
  },
  MULTILINE_IMPLICIT_KEY: { message: 'A key must be on one line.', hint: 'Is a ":" missing after the key?' },
  MULTIPLE_ANCHORS: { message: 'A value has at most one anchor.', hint: '' },
  MULTIPLE_DOCS: {
    message: 'The file holds more than one YAML document.',
    hint: 'Remove the line "---" and what follows.',
  },
  MULTIPLE_TAGS: { message: 'A value has at most one tag.', hint: '' },
  NON_STRING_KEY: { message: 'A key must be plain text.', hint: '' },
  RESOURCE_EXHAUSTION: { message: 'The nesting is too deep.', hint: '' },
  TAB_AS_INDENT: { message: 'Tabs can’t be used for indentation.', hint: 'Use spaces.' },
  TAG_RESOLVE_FAILED: { message: 'This tag is not supported.', hint: 'Put text that starts with ! in quotes.' },
  UNEXPECTED_TOKEN: { message: 'This does not fit here.', hint: 'Check the indentation, quotes and brackets.' },
  BAD_COLLECTION_TYPE: { message: 'The tag does not fit the value.', hint: 'Remove the tag.' },
} satisfies Record<ErrorCode, Words>;

const BY_CODE: ReadonlyMap<string, Words> = new Map(Object.entries(WORDS));

export function yamlTrouble(code: string): Words {
  return BY_CODE.get(code) ?? WORDS.IMPOSSIBLE;
}
