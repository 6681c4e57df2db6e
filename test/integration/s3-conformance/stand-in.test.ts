import { startStandIn } from '../../support/s3-servers.ts';
import { runChecks } from './run-checks.ts';

runChecks('the local stand-in', () => startStandIn());
