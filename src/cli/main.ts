#!/usr/bin/env node
/** The command line's entry: one command, its exit code, and nothing left running. */
import { processIo } from './cli-io.ts';
import { engineAccess } from './engine-access.ts';
import { runCli } from './program.ts';

/** A reader that has seen enough (`| head`) ends the output; that is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const exitCode = await runCli(process.argv.slice(2), processIo(), engineAccess);
// Output to a pipe may still be on its way; what else is open (an engine that stopped late) must not keep the process.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))),
);
process.exit(exitCode);
