// Part of `npm run check`: fails when a document names what is not there, or a promise has no tests named after it.
import { repositoryRoot } from '../setup/paths.ts';
import { documentsOf, findLost } from './documents.ts';
import { findProblems } from './promises.ts';

const problems = [
  ...findProblems(repositoryRoot, 'INVARIANTS.md'),
  ...findLost(repositoryRoot, documentsOf(repositoryRoot)),
];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
