import { usageError } from './exit-codes.ts';

/** All of a stream, at most `maxBytes`. */
export async function readAll(stream: NodeJS.ReadStream, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer | string>) {
    const buffer = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    bytes += buffer.length;
    if (bytes > maxBytes) throw usageError(`Standard input holds more than ${maxBytes} bytes.`);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks);
}

/** A line typed by a person, without showing it. Ends the command on Ctrl-C or Ctrl-D. */
export function readHidden(stdin: NodeJS.ReadStream, prompt: string, write: (text: string) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = '';
    write(prompt);
    stdin.setRawMode(true);
    stdin.setEncoding('utf8');
    const finish = (settle: () => void) => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
      write('\n');
      settle();
    };
    const onData = (text: string) => {
      for (const character of text) {
        if (character === '\r' || character === '\n') {
          finish(() => resolve(typed));
          return;
        }
        if (character === '\u0003' || character === '\u0004') {
          finish(() => reject(usageError('Nothing was set.')));
          return;
        }
        if (character === '\u007f' || character === '\b') typed = Array.from(typed).slice(0, -1).join('');
        else if (character >= ' ') typed += character;
      }
    };
    stdin.on('data', onData);
    stdin.resume();
  });
}
