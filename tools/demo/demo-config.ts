import { stringify } from 'yaml';
import type { DemoState } from './demo-state.ts';

export const DEMO_BUCKET = 'longshore-demo';

/** The configuration of the demo: a plain one, as a user would write it. */
export function demoConfig(options: {
  readonly folder: string;
  readonly endpoint: string;
  readonly state: DemoState;
}): string {
  const { folder, endpoint, state } = options;
  const words =
    '# Made by the demo at each start: changes here are lost. Copy it to start a configuration of your own.\n';
  const config = {
    folders: [{ name: 'Longshore', path: folder, destination: 'demo', prefix: 'Longshore/' }],
    destinations: {
      demo: {
        type: 's3',
        endpoint,
        region: 'us-east-1',
        bucket: DEMO_BUCKET,
        forcePathStyle: true,
        credentials: { accessKeyId: state.accessKeyId, secretAccessKey: state.secretAccessKey },
      },
    },
  };
  return words + stringify(config);
}
