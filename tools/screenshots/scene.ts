import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { startS3Server, type S3Server } from '../s3/server.ts';

const MIB = 1024 * 1024;
const BUCKET = 'studio';
const KEYS = { accessKeyId: 'SCREENSHOTS', secretAccessKey: 'only-for-pictures' };

/** A folder and a storage in which everything happens that the pictures show. */
export interface Scene {
  readonly configFile: string;
  close(): Promise<void>;
}

const DONE: readonly (readonly [string, number])[] = [
  ['Invoices/2026-10 Harbour Café.pdf', 184_320],
  ['Invoices/2026-11 Northwind.pdf', 201_728],
  ['Photos/Pier at dawn.jpg', 2_400_000],
  ['Photos/Crane 07.jpg', 3_100_000],
  ['Photos/Ferry.heic', 1_700_000],
  ['Notes/Meeting.md', 4_211],
  ['Drawings/Quay wall.svg', 48_000],
  ['Budget.xlsx', 96_000],
];

const SLOW: readonly (readonly [string, number])[] = [
  ['Film/Harbour timelapse.mov', 96 * MIB],
  ['Backups/site-2026-11-20.tar.gz', 64 * MIB],
];

/** Sets the stage: what is done first, then what is under way, refused, in conflict and waiting. */
export async function setScene(dir: string): Promise<Scene & { readonly addTroubled: () => Promise<void> }> {
  const folder = path.join(dir, 'Studio');
  const server = await startS3Server({
    dataDir: path.join(dir, 'storage'),
    credentials: KEYS,
    buckets: [BUCKET],
    fsync: false,
  });
  const configFile = path.join(dir, 'config.yaml');
  await writeFile(configFile, configText(folder, server.url));
  for (const [name, sizeBytes] of DONE) await put(folder, name, sizeBytes);
  return {
    configFile,
    addTroubled: () => addTroubled(server, folder),
    close: () => server.close(),
  };
}

async function addTroubled(server: S3Server, folder: string): Promise<void> {
  server.faults.add({ operation: 'UploadPart', fault: { kind: 'bandwidth', bytesPerSecond: 700_000 } });
  server.faults.add({ keyPattern: 'Contracts', fault: { kind: 'error', status: 403, code: 'AccessDenied' } });
  server.faults.add({
    keyPattern: 'Website',
    fault: { kind: 'error', status: 503, code: 'SlowDown', retryAfterSeconds: 600 },
  });
  const client = new S3Client({ endpoint: server.url, region: 'us-east-1', forcePathStyle: true, credentials: KEYS });
  await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'studio/Plan.docx', Body: randomBytes(70_000) }));
  client.destroy();
  await put(folder, 'Plan.docx', 68_000);
  await put(folder, 'Contracts/Lease 2027.pdf', 350_000);
  await put(folder, 'Website/hero.webp', 820_000);
  await put(folder, 'Website/index.html', 12_400);
  for (const [name, sizeBytes] of SLOW) await put(folder, name, sizeBytes);
}

function configText(folder: string, endpoint: string): string {
  return stringify({
    device: 'studio-mac',
    folders: [{ name: 'Studio', path: folder, destination: 'archive', prefix: 'studio/' }],
    destinations: {
      archive: { type: 's3', endpoint, region: 'us-east-1', bucket: BUCKET, forcePathStyle: true, credentials: KEYS },
    },
  });
}

async function put(folder: string, name: string, sizeBytes: number): Promise<void> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, randomBytes(sizeBytes));
}
