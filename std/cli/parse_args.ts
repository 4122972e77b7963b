import minimist from "minimist";
import type { Args } from "./args.ts";
import { BARE, normalizeLongFlags } from "./long_flags.ts";
import { type ParseOptions, toNames } from "./parse_options.ts";

export type { Args } from "./args.ts";
export type { ParseOptions } from "./parse_options.ts";

/**
 * Parses command line arguments into an object of flags, with the arguments that are not flags in `_`.
 *
 * Upstream is a typed port of minimist; this calls minimist and covers the differences: `--no-NAME` negates only what
 * `negatable` lists, of a repeated flag the last value counts unless `collect` lists it, and `unknown` is told the key
 * and the value. Not covered: names with a dot in `collect`, flags both `boolean` and collected, `boolean: true`, and the
 * key of a short flag for `unknown`.
 *
 * @param args The arguments, as in `Deno.args`.
 * @param options How to read them; the literal names in it type the result.
 * @returns The flags, `_`, and `"--"` if asked for.
 *
 * @example Usage
 * ```ts
 * import { parseArgs } from "@std/cli/parse-args";
 *
 * const flags = parseArgs(["--port", "7233", "run"], { string: ["port"], boolean: ["ui"] });
 * const port: string | undefined = flags.port;
 * const ui: boolean = flags.ui;
 * ```
 */
export function parseArgs<const TOptions extends ParseOptions = Record<never, never>>(
  args: readonly string[],
  options?: TOptions,
): Args<TOptions> {
  const { "--": doubleDash = false, stopEarly = false, ...given }: ParseOptions = options ?? {};
  const groups = Object.entries(given.alias ?? {}).map(([key, names]) => [key, ...toNames(names)]);
  const expand = (names: string[]): Set<string> =>
    new Set(names.flatMap((name) => [name, ...groups.filter((group) => group.includes(name)).flat()]));
  const booleans = expand(toNames(given.boolean));
  const collected = expand(toNames(given.collect));
  const strings = expand(toNames(given.string));
  const negatable = expand(toNames(given.negatable));

  const end = args.indexOf("--") === -1 ? args.length : args.indexOf("--");
  const normalized = normalizeLongFlags(args.slice(0, end), {
    isBoolean: (key) => booleans.has(key),
    isNegatable: (key) => negatable.has(key),
    stopEarly,
  });
  const parsed: Record<string, unknown> & { _: (string | number)[] } = minimist(normalized.args, {
    "--": false,
    stopEarly,
    alias: Object.fromEntries(groups.map(([key, ...names]) => [key, names])),
    boolean: [...booleans],
    string: [...strings],
    default: { ...given.default },
    unknown: (arg: string) => {
      const flag = splitLongFlag(arg, strings);
      if (flag && collected.has(flag.key)) return true;
      const typed = normalized.typed.get(arg) ?? arg;
      return (flag ? given.unknown?.(typed, flag.key, flag.value) : given.unknown?.(typed)) !== false;
    },
  });

  const isDefault = new Set(Object.values(given.default ?? {}));
  for (const [key, value] of Object.entries(parsed)) {
    if (key === "_" || isDefault.has(value)) continue;
    parsed[key] = settle(value, collected.has(key), strings.has(key) ? "" : true);
  }
  for (const key of collected) if (strings.has(key)) parsed[key] ??= [];
  const rest = args.slice(end + 1);
  if (doubleDash) parsed["--"] = rest;
  else parsed._.push(...rest);
  return parsed as Args<TOptions>;
}

/** Returns the value of a flag as upstream has it, from what minimist made of one or several occurrences. */
function settle(value: unknown, isCollected: boolean, bare: "" | true): unknown {
  const values = (Array.isArray(value) ? value : [value]).map((item) => item === BARE ? bare : item);
  return isCollected && value !== false ? values : values.at(-1);
}

/** Returns key and value of a rewritten long flag, or nothing for another argument. */
function splitLongFlag(arg: string, strings: Set<string>): { key: string; value: unknown } | undefined {
  const [, key, value] = arg.match(/^--([^=]+)=(.*)$/s) ?? [];
  if (key === undefined) return undefined;
  return { key, value: value === BARE ? (strings.has(key) ? "" : true) : value };
}
