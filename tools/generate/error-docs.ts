import { ERROR_TABLE, errorEntry, isErrorCode, type ErrorClass, type ErrorCode } from '../../src/core/error-table.ts';

/** What follows from a class, for people: DESIGN section 10 in two languages. */
const CLASSES: Readonly<Record<ErrorClass, { readonly en: string; readonly zh: string }>> = {
  transient: {
    en: 'It usually passes. Longshore tries again by itself, with growing pauses.',
    zh: '通常会自行恢复。Longshore 会自动重试，间隔逐渐加长。',
  },
  unreachable: {
    en: 'The service can’t be reached. Its operations wait without using up attempts, and go on when it answers.',
    zh: '无法连接到服务。相关操作会等待，不消耗重试次数；服务恢复后继续。',
  },
  local: {
    en: 'Something on this computer is in the way. Whether Longshore tries again by itself stands with each code.',
    zh: '本机存在问题。是否自动重试见各错误代码。',
  },
  conflict: {
    en: 'Somebody else changed the same thing. Nothing is overwritten; you choose.',
    zh: '同一内容被他人修改。不会覆盖任何内容，由您选择。',
  },
  business: {
    en: 'The service understood and said no. The operation has failed; its own words are in the details.',
    zh: '服务理解请求但拒绝执行。操作失败；服务的原文见详情。',
  },
  permanent: {
    en: 'Trying again would not help. The operation has failed until something is put right.',
    zh: '重试无济于事。问题解决之前，操作处于失败状态。',
  },
  internal: {
    en: 'Something went wrong inside Longshore.',
    zh: 'Longshore 内部出错。',
  },
};
const ORDER = ['transient', 'unreachable', 'local', 'conflict', 'business', 'permanent', 'internal'] as const;

/** docs/errors.md: every code of the one table, by class, in English and Simplified Chinese. */
export function errorDocs(): string {
  const codes = Object.keys(ERROR_TABLE).filter(isErrorCode);
  const sections = ORDER.map((kind) => {
    const ofClass = codes.filter((code) => errorEntry(code).class === kind).toSorted();
    const { en, zh } = CLASSES[kind];
    return [`## ${kind}`, en, zh, ...ofClass.map(entryText)].join('\n\n');
  });
  const head = [
    '<!-- Generated from src/core/error-table.ts by "npm run generate". Change the table, not this page. -->',
    '# Errors · 错误代码',
    'Whatever does not succeed shows one of these codes, in the window, on the command line and in `--json`. Codes are stable; sentences may be improved.',
    '凡未成功的操作都会显示下列代码之一（窗口、命令行和 `--json` 输出相同）。代码保持稳定；说明文字可能改进。',
  ];
  return `${[...head, ...sections].join('\n\n')}\n`;
}

function entryText(code: ErrorCode): string {
  const { en, zh, retry } = errorEntry(code);
  const again =
    retry === undefined
      ? []
      : [
          retry
            ? 'Longshore tries again by itself. · 会自动重试。'
            : 'It is not tried again by itself. · 不会自动重试。',
        ];
  const sentences = [`- ${escaped(en.message)} ${escaped(en.hint)}`, `- ${escaped(zh.message)}${escaped(zh.hint)}`];
  return [`### \`${code}\``, ...again, sentences.join('\n')].join('\n\n');
}

/** Characters that Markdown would take for its own. */
function escaped(text: string): string {
  return text.replaceAll(/[<>*_[\]]/g, (char) => `\\${char}`);
}
