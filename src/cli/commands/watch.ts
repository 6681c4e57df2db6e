import { EXIT, noEngine } from '../exit-codes.ts';
import { follow } from '../follow.ts';
import type { RegisterCommands } from './register.ts';

export const registerWatch: RegisterCommands = (program, act) => {
  program
    .command('watch')
    .description('live progress of the running engine; with --json one event a line')
    .action((_options: object, command) =>
      act(command, (context) =>
        context.withSession('engine', async ({ client }) => {
          const ended = Promise.withResolvers<'signal' | 'disconnected'>();
          const stopSignals = context.io.onSignal(() => ended.resolve('signal'));
          client.onClose(() => ended.resolve('disconnected'));
          const following = await follow(client, context);
          try {
            const how = await Promise.race([ended.promise, following.failed]);
            if (how === 'disconnected') throw noEngine('The engine stopped.');
            return EXIT.fine;
          } finally {
            await following.close();
            stopSignals();
          }
        }),
      ),
    );
};
