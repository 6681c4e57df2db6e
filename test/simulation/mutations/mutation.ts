/** A piece of the product's source, and what stands there instead. */
export interface Edit {
  /** Relative to the repository. */
  readonly file: string;
  /** Occurs exactly once in the file, unless `everywhere`. */
  readonly find: string;
  readonly everywhere?: boolean;
  readonly replace: string;
}

/** One way to break the product on purpose. */
export interface Mutation extends Edit {
  /** Short, unique: names the row of the table. */
  readonly name: string;
  /** Where several guards keep the promise, those that have to fall as well. */
  readonly also?: readonly Edit[];
  /** Test files that have to find it, where the simulation has a stand-in of its own for what is broken. */
  readonly tests?: readonly string[];
  /** Promises that this should break; the first that a checker names counts, whichever it is. */
  readonly breaks: string;
}
