import { startMoto } from '../../support/s3-servers.ts';
import { MOTO_DEVIATIONS } from './moto-deviations.ts';
import { runChecks } from './run-checks.ts';

runChecks('moto', startMoto, MOTO_DEVIATIONS);
