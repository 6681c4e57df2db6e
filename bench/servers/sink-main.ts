/** The sink as a process of its own. Prints its address as one line of JSON; ends on SIGTERM. */
import { startSink } from './sink.ts';

const sink = await startSink();
process.stdout.write(`${JSON.stringify({ url: sink.endpoint })}\n`);
process.once('SIGTERM', () => void sink.close().then(() => process.exit(0)));
