// Part of `npm run check`: fails when INVARIANTS.md has a dead link, or a promise has no tests named after it.
import { repositoryRoot } from '../setup/paths.ts';
import { findProblems } from './promises.ts';

const problems = findProblems(repositoryRoot, 'INVARIANTS.md');
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
