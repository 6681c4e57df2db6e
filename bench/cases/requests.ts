import { checksumOf } from '../../src/core/checksum.ts';
import type { Checksum, ObjectStore } from '../../src/core/ports.ts';
import { createObjectStore } from '../../src/remote/s3/object-store.ts';
import { BUCKET, CREDENTIALS, REGION, startServer } from '../servers/server-process.ts';
import type { BenchContext } from '../support/bench-context.ts';
import type { Figure } from '../support/figure.ts';

interface Sample {
  readonly perSecond: number;
  readonly cpuMs: number;
}

interface Kind {
  readonly id: string;
  readonly words: string;
  readonly bodyBytes: number;
  readonly width: number;
  readonly count: number;
  readonly send: (store: ObjectStore, n: number, body: Uint8Array, checksum: Checksum) => Promise<unknown>;
}

const NEVER = new AbortController().signal;
const NOT_COUNTED = () => {};

/** What one request costs: the lean signed path against the SDK, both over the same connections. */
export async function requests(context: BenchContext): Promise<readonly Figure[]> {
  const few = context.quick ? 10 : 1;
  const kinds: readonly Kind[] = [
    {
      id: 'put',
      words: 'PutObject of 4 KiB, 32 at once',
      bodyBytes: 4096,
      width: 32,
      count: 10_000 / few,
      send: (store, n, body, checksum) =>
        store.put(
          { key: `dir/file-${n}.txt`, contentType: 'text/plain', metadata: { 'longshore-op': `op-${n}` } },
          body,
          checksum,
          { kind: 'create' },
          NOT_COUNTED,
          NEVER,
        ),
    },
    {
      id: 'head',
      words: 'HeadObject of nothing, 32 at once',
      bodyBytes: 0,
      width: 32,
      count: 10_000 / few,
      send: (store) => store.head('dir/none', NEVER),
    },
    {
      id: 'part',
      words: 'UploadPart of 8 MiB, 8 at once',
      bodyBytes: 8 * 2 ** 20,
      width: 8,
      count: 130 / few,
      send: (store, n, body, checksum) => store.uploadPart('big', 'upload', n + 1, body, checksum, NOT_COUNTED, NEVER),
    },
  ];
  const figures: Figure[] = [];
  for (const kind of kinds) {
    const lean: Sample[] = [];
    const sdk: Sample[] = [];
    for (let round = 0; round < context.runs; round++) {
      lean.push(await measure(context, kind, 'lean'));
      sdk.push(await measure(context, kind, 'sdk'));
    }
    context.say(kind.words);
    figures.push(...figuresOf(kind, lean, sdk));
  }
  return figures;
}

async function measure(context: BenchContext, kind: Kind, signing: 'lean' | 'sdk'): Promise<Sample> {
  const { bodyBytes, width, count, send } = kind;
  const server = await startServer('sink', context.workspace);
  const store = createObjectStore(
    {
      endpoint: server.endpoint,
      region: REGION,
      bucket: BUCKET,
      forcePathStyle: true,
      credentials: { kind: 'literal', ...CREDENTIALS, sessionToken: null },
      prefix: '',
      publicUrl: null,
      signing,
    },
    { now: Date.now },
  );
  try {
    const body = Buffer.alloc(bodyBytes, 'x');
    const checksum = await checksumOf('CRC64NVME', body);
    const sendAll = async (howMany: number) => {
      let next = 0;
      const worker = async () => {
        while (next < howMany) await send(store, next++, body, checksum);
      };
      await Promise.all(Array.from({ length: width }, worker));
    };
    // Connections, and code that has been run before.
    await sendAll(width * 4);
    const cpuBefore = process.cpuUsage();
    const start = performance.now();
    await sendAll(count);
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    return { perSecond: count / seconds, cpuMs: (user + system) / 1000 / count };
  } finally {
    store.close();
    await server.close();
  }
}

function figuresOf(kind: Kind, lean: readonly Sample[], sdk: readonly Sample[]): Figure[] {
  const peer = (pick: (sample: Sample) => number) => ({ name: 'AWS SDK', samples: sdk.map(pick) });
  const rate = (sample: Sample) => sample.perSecond;
  const cost = (sample: Sample) => sample.cpuMs;
  return [
    {
      id: `requests.${kind.id}.rate`,
      what: kind.words,
      unit: 'requests/s',
      better: 'more',
      ours: lean.map(rate),
      peer: peer(rate),
    },
    {
      id: `requests.${kind.id}.cpu`,
      what: '… CPU per request',
      unit: 'ms',
      better: 'less',
      ours: lean.map(cost),
      peer: peer(cost),
    },
  ];
}
