/** Options for `parseArgs`, with the names and meanings of upstream. */
export interface ParseOptions {
  /**
   * Puts what follows `--` in the result's `"--"` instead of `_`.
   *
   * @default {false}
   */
  "--"?: boolean;
  /**
   * Other names of a flag; the result has the value under each name.
   *
   * @default {{}}
   */
  alias?: Readonly<Record<string, string | readonly string[]>>;
  /**
   * Flags that are always boolean, `false` when absent.
   *
   * @default {[]}
   */
  boolean?: string | readonly string[];
  /**
   * Values of flags that are absent.
   *
   * @default {{}}
   */
  default?: Readonly<Record<string, unknown>>;
  /**
   * Puts everything after the first argument that is not a flag in `_`, unparsed.
   *
   * @default {false}
   */
  stopEarly?: boolean;
  /**
   * Flags that are always strings: never turned into numbers, `""` when given without a value.
   *
   * @default {[]}
   */
  string?: string | readonly string[];
  /**
   * Flags whose values are gathered in an array. Of any other flag the last value counts.
   *
   * @default {[]}
   */
  collect?: string | readonly string[];
  /**
   * Flags that `--no-NAME` sets to `false`.
   *
   * @default {[]}
   */
  negatable?: string | readonly string[];
  /**
   * Called with each argument that no option names, and its key and value if it is a long flag. When it returns
   * `false` the argument is left out of the result.
   *
   * @default {undefined}
   */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** Returns an option that may be one name, several, or none as an array of names. */
export function toNames(option: string | readonly string[] | undefined): string[] {
  if (option === undefined) return [];
  return typeof option === "string" ? [option] : [...option];
}
