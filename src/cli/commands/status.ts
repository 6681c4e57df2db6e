import { EXIT } from '../exit-codes.ts';
import { attentionLines } from '../attention.ts';
import { folderNote } from '../folder-note.ts';
import { formatBytes, formatCount, formatDuration, formatRelative, formatUntil } from '../format.ts';
import { printable } from '../printable.ts';
import type { CommandContext } from '../command-context.ts';
import type { StatusView } from '../../protocol/shapes.ts';
import type { RegisterCommands } from './register.ts';

export const registerStatus: RegisterCommands = (program, act) => {
  program
    .command('status')
    .description('how the running engine fares: state, counts, folders, destinations, what needs attention')
    .action((_options: object, command) =>
      act(command, async (context) => {
        const status = await context.withSession('engine', ({ client }) => client.call('status', {}));
        if (context.output.isJson) context.output.document(status);
        else printStatus(status, context);
        return EXIT.fine;
      }),
    );
};

export function printStatus(status: StatusView, { output, io }: CommandContext): void {
  const { style } = output;
  const { counts, bytes, engine } = status;
  const nowMs = io.now();
  const word = status.pausedUntil === null ? status.state : `${status.state} ${formatUntil(status.pausedUntil)}`;
  output.text(
    `${style('strong', word)}   ${style('faint', `Longshore ${engine.version}, process ${engine.pid}, started ${formatRelative(engine.startedAt, nowMs)}`)}`,
  );
  const speed = status.bytesPerSecond > 0 ? `, ${formatBytes(status.bytesPerSecond)}/s` : '';
  const eta = status.etaSeconds === null ? '' : `, about ${formatDuration(status.etaSeconds * 1000)} left`;
  output.text(`${formatBytes(bytes.pending)} to go, ${formatBytes(bytes.done)} sent${speed}${eta}`);
  output.text(
    Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([state, count]) => `${state} ${count.toLocaleString('en')}`)
      .join(' · ') || 'nothing queued yet',
  );
  for (const { gate, scope, reason, until } of status.gates) {
    const next = until === null ? '' : ` (${formatRelative(until, nowMs)})`;
    output.text(style('warn', printable(`${gate}  ${scope}: ${reason}${next}`)));
  }
  if (status.folders.length > 0) {
    output.text('');
    output.table(
      [
        { title: 'FOLDER' },
        { title: 'STATE' },
        { title: 'PATH', shrink: 'middle' },
        { title: 'TO' },
        { title: 'FILES', align: 'right' },
        { title: 'IGNORED', align: 'right' },
        { title: 'NOTE', shrink: 'end' },
      ],
      status.folders.map((folder) => [
        { text: printable(folder.name) },
        { text: folder.state, style: folder.state === 'frozen' ? 'bad' : 'good' },
        { text: printable(folder.path) },
        { text: printable(`${folder.destination}:${folder.prefix}`) },
        { text: folder.files.toLocaleString('en') },
        { text: folder.ignored.toLocaleString('en') },
        { text: printable(folderNote(folder)) },
      ]),
    );
  }
  if (status.destinations.length > 0) {
    output.text('');
    output.table(
      [
        { title: 'DESTINATION' },
        { title: 'STATE' },
        { title: 'AT ONCE', align: 'right' },
        { title: 'WHERE', shrink: 'middle' },
        { title: 'NOTE', shrink: 'end' },
      ],
      status.destinations.map((destination) => [
        { text: printable(destination.name) },
        { text: destination.state, style: destination.state === 'unreachable' ? 'bad' : 'good' },
        { text: destination.concurrency === 0 ? '' : String(destination.concurrency) },
        { text: printable(`${destination.endpoint} ${destination.bucket}`) },
        { text: printable(destination.error?.message ?? destination.capabilities?.note ?? '') },
      ]),
    );
  }
  for (const alarm of status.alarms)
    output.text(style('warn', printable(`${formatRelative(alarm.at, nowMs)}  ${alarm.operationId}: ${alarm.message}`)));
  for (const line of brokenConfiguration(status)) output.text(style('warn', line));
  const { attention } = status;
  if (attention.length === 0) return;
  output.text('', style('strong', 'Needs attention'), ...attentionLines(attention, style, nowMs));
  const all = counts.failed + counts.conflict;
  if (all > attention.length)
    output.text(
      '',
      `These are the latest ${attention.length} of ${all.toLocaleString('en')}: longshore ls --state failed,conflict`,
    );
}

/** What is wrong with the file, and that the engine works all the same. */
function brokenConfiguration({ configProblems, engine }: StatusView): readonly string[] {
  if (configProblems.length === 0) return [];
  const file = engine.configFile === null ? '' : ` ${printable(engine.configFile)}`;
  return [
    '',
    `The configuration${file} was changed and can’t be used (${formatCount(configProblems.length, 'problem')}):`,
    ...configProblems.map((problem) => `  ${printable(problem)}`),
    'The engine goes on with the last good one, as shown above. What you mend is taken up by itself.',
  ];
}
