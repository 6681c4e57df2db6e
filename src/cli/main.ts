#!/usr/bin/env node
/** The command line's entry: one command, its exit code, and nothing left running. */
import { endProcess } from '../engine/end-process.ts';
import { processIo } from './cli-io.ts';
import { engineAccess } from './engine-access.ts';
import { runCli } from './program.ts';

/** A reader that has seen enough (`| head`) ends the output; that is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const exitCode = await runCli(process.argv.slice(2), processIo(), engineAccess);
// What is still open (an engine that stopped late) must not keep the process.
await endProcess(exitCode);
