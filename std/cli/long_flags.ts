/** Stands for "given without a value", which a `--key=value` argument cannot say otherwise. */
export const BARE = "\0bare";

/** What {@linkcode normalizeLongFlags} needs to know of the options. */
export interface LongFlagRules {
  /** Tells whether a flag, or one that it is an alias of, is boolean. */
  isBoolean(key: string): boolean;
  /** Tells whether `--no-NAME` sets this flag to `false`. */
  isNegatable(key: string): boolean;
  /** Whether what follows the first argument that is not a flag is to be left as it is. */
  stopEarly: boolean;
}

/** Arguments as minimist is to see them. */
export interface NormalizedArgs {
  args: string[];
  /** What the user typed, for each argument that was rewritten. */
  typed: Map<string, string>;
}

/**
 * Rewrites long flags so that minimist reads them as upstream does: minimist negates every `--no-NAME` and takes `-` and
 * `""` as values. Each flag becomes `--key=value`, or stays `--no-NAME` where NAME is negatable. Short flags are left.
 */
export function normalizeLongFlags(args: readonly string[], rules: LongFlagRules): NormalizedArgs {
  const normalized: string[] = [];
  const typed = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    const [, negated, name, assigned] = arg.match(/^--(no-)?([^=]+)(=.*)?$/s) ?? [];
    if (name === undefined) {
      if (rules.stopEarly && !/^-./.test(arg)) return { args: [...normalized, ...args.slice(i)], typed };
      normalized.push(arg);
      continue;
    }
    if (assigned === undefined && negated && rules.isNegatable(name)) {
      normalized.push(arg);
      continue;
    }
    // As upstream: an assignment to `--no-NAME` assigns to NAME.
    const key = assigned === undefined && negated ? `no-${name}` : name;
    const next = args[i + 1];
    const takesNext = assigned === undefined && !!next &&
      (/^(true|false)$/.test(next) || (!next.startsWith("-") && !rules.isBoolean(key)));
    const rewritten = `--${key}${assigned ?? `=${takesNext ? next : BARE}`}`;
    normalized.push(rewritten);
    typed.set(rewritten, arg);
    if (takesNext) i++;
  }
  return { args: normalized, typed };
}
