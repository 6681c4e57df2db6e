import type { OperationDetail } from '../../protocol/shapes.ts';
import type { CommandContext } from '../command-context.ts';
import { eventLine } from '../event-text.ts';
import { EXIT } from '../exit-codes.ts';
import { formatBytes, formatLocalTime, formatRelative } from '../format.ts';
import { operationName, operationNote, percentDone, STATE_STYLE } from '../operation-table.ts';
import { printable } from '../printable.ts';
import { versionLines } from '../version-text.ts';
import type { RegisterCommands } from './register.ts';

export const registerShow: RegisterCommands = (program, act) => {
  program
    .command('show')
    .description('everything about one operation: history, parts, versions, reply')
    .argument('<id>', 'the operation')
    .action((id: string, _options: object, command) =>
      act(command, async (context) => {
        const detail = await context.withSession('read', ({ client }) => client.call('show', { id }));
        if (context.output.isJson) context.output.document(detail);
        else printDetail(detail, context);
        return EXIT.fine;
      }),
    );
};

export function printDetail(detail: OperationDetail, { output, io }: CommandContext): void {
  const { style } = output;
  const nowMs = io.now();
  const facts: [string, string | null][] = [
    ['operation', detail.id],
    ['kind', detail.kind],
    [
      'state',
      style(STATE_STYLE[detail.state], detail.state) +
        (detail.phase === detail.state ? '' : ` (${printable(detail.phase)})`),
    ],
    ['note', operationNote(detail, nowMs) || null],
    ['to do', detail.error === null || detail.error.hint === '' ? null : printable(detail.error.hint)],
    [
      detail.error?.detailFrom === 'service' ? 'service says' : 'details',
      detail.error?.detail == null || detail.error.detail === '' ? null : printable(detail.error.detail),
    ],
    ['was', detail.movedFrom === undefined ? null : printable(detail.movedFrom)],
    ['stored as', detail.storedAs === undefined ? null : printable(detail.storedAs)],
    ['resource', detail.resourceKey === null ? null : printable(detail.resourceKey)],
    ['progress', progressOf(detail)],
    ['priority', detail.priority],
    ['attempts', String(detail.attempts)],
    ['created', formatLocalTime(detail.createdAt)],
    ['updated', `${formatLocalTime(detail.updatedAt)} (${formatRelative(detail.updatedAt, nowMs)})`],
    ['next try', detail.dueAt === null ? null : formatRelative(detail.dueAt, nowMs)],
    ['completed', detail.completedAt === null ? null : formatLocalTime(detail.completedAt)],
    [
      'checked',
      detail.verified === null
        ? null
        : detail.verified
          ? 'checksum compared'
          : 'unverified: the service reports no checksum',
    ],
    ['remote id', detail.externalId === null ? null : printable(detail.externalId)],
    ['remote', detail.externalUrl === null ? null : printable(detail.externalUrl)],
  ];
  output.text(style('strong', operationName(detail)));
  for (const [name, value] of facts) if (value !== null) output.text(`  ${style('faint', name.padEnd(12))} ${value}`);
  for (const line of versionLines(detail.versions)) output.text(`  ${line}`);
  if (detail.parts.length > 0) {
    const done = detail.parts.filter(({ doneAt }) => doneAt !== null).length;
    output.text('', `${style('strong', 'Parts')}   ${done} of ${detail.parts.length} done`);
  }
  if (detail.response !== null) {
    output.text(
      '',
      `${style('strong', 'Reply')}   HTTP ${detail.response.status}${detail.response.truncated ? ' (shortened)' : ''}`,
    );
    if (detail.response.body !== '')
      output.text(...detail.response.body.split('\n').map((line) => `  ${printable(line)}`));
  }
  output.text(
    '',
    style('strong', 'History'),
    ...detail.events.map((event) => `  ${eventLine(event, style, formatLocalTime)}`),
  );
}

/** Null for calls and deletes, which move nothing that is worth telling. */
function progressOf(detail: OperationDetail): string | null {
  if (detail.bytesTotal === null || detail.kind === 'api.call' || detail.kind === 'file.delete') return null;
  if (detail.state === 'succeeded') return formatBytes(detail.bytesTotal);
  const percent = percentDone(detail);
  return `${formatBytes(detail.bytesDone)} of ${formatBytes(detail.bytesTotal)}${percent === null ? '' : `, ${percent} %`}`;
}
