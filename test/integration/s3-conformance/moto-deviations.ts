import type { Deviations } from './run-checks.ts';

export const MOTO_DEVIATIONS: Deviations = {};
