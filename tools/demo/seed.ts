import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEMO_BUCKET } from './demo-config.ts';
import type { DemoState } from './demo-state.ts';

const ABOUT_KEY = 'about-this-demo.txt';
const ABOUT = `This bucket belongs to the demo of Longshore. It lives on your computer, in the data directory of Longshore,
behind a small S3-compatible server that was made for trying things out. Nothing here leaves your computer.
`;
const WELCOME = `Welcome to Longshore.

This file was put into your Longshore folder, and Longshore has uploaded it to the demo's storage.
Drop some files of your own beside it, change them, and watch the window (or "longshore watch").
`;

/** One object in the storage that explains it: a one-shot upload that needs no resume. */
export async function seedStorage(endpoint: string, state: DemoState): Promise<void> {
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: state.accessKeyId, secretAccessKey: state.secretAccessKey },
  });
  try {
    const known = await client.send(new HeadObjectCommand({ Bucket: DEMO_BUCKET, Key: ABOUT_KEY })).then(
      () => true,
      () => false,
    );
    if (known) return;
    const params = { Bucket: DEMO_BUCKET, Key: ABOUT_KEY, Body: Buffer.from(ABOUT), ContentType: 'text/plain' };
    await new Upload({ client, params }).done();
  } finally {
    client.destroy();
  }
}

/** The watched folder, made with a welcome in it; one that is there already stays as it is. */
export function seedFolder(folder: string): void {
  if (existsSync(folder)) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'Welcome to Longshore.txt'), WELCOME);
}
