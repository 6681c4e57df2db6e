/** A bug, not a failure: the engine dies of it, its host starts it again, and recovery runs from the database. */
export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed';
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message);
}

export function assertNever(value: never): never {
  throw new AssertionFailed(`unexpected ${JSON.stringify(value)}`);
}
