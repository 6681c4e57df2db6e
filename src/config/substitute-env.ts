export type Environment = Readonly<Record<string, string | undefined>>;

export interface Substitution {
  readonly text: string;
  /** Names of the variables that were put in. */
  readonly used: readonly string[];
  readonly faults: readonly SubstitutionFault[];
}

export type SubstitutionFault =
  { readonly kind: 'unset'; readonly name: string } | { readonly kind: 'bad-name' } | { readonly kind: 'unclosed' };

/** Round brackets are for Windows: `ProgramFiles(x86)`. */
const VARIABLE_NAME = /^[A-Za-z_][\w()]*$/;
const REFERENCE = /\$\$\{|\$\{([^}]*)\}|\$\{/g;

/**
 * Puts environment variables into `text`: `${NAME}` takes a variable, `$${` stands for a literal `${`. One pass: what a
 * variable holds is taken as it is, so that it can neither add structure nor name further variables.
 */
export function substituteEnv(text: string, env: Environment): Substitution {
  const used: string[] = [];
  const faults: SubstitutionFault[] = [];
  const result = text.replaceAll(REFERENCE, (match: string, name: string | undefined) => {
    if (match === '$${') return '${';
    if (name === undefined) {
      faults.push({ kind: 'unclosed' });
      return '';
    }
    if (!VARIABLE_NAME.test(name)) {
      faults.push({ kind: 'bad-name' });
      return '';
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined) {
      faults.push({ kind: 'unset', name });
      return '';
    }
    used.push(name);
    return value;
  });
  return { text: result, used, faults };
}
