/**
 * Stand-in for the part of `@std/cli` that this project uses, on `node:util`, for networks that cannot reach JSR. Delete
 * the `links` line of the root `deno.json` to use the upstream package instead: nothing else changes.
 *
 * @module
 */
import { parseArgs as tokenize } from "node:util";

/** How to read arguments, with the names and meanings of upstream. */
export interface ParseOptions {
  /** Flags that are always boolean, `false` when absent. */
  readonly boolean?: readonly string[];
  /** Flags that are always strings, `""` when given without a value. `_` keeps arguments without a flag strings. */
  readonly string?: readonly string[];
  /** Flags whose values are gathered in an array. Of any other flag the last value counts. */
  readonly collect?: readonly string[];
  /**
   * Called with each argument that no option names, and its key and value if it is a flag. When it returns `false` the
   * argument is left out of the result.
   */
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** What {@linkcode parseArgs} returns: flags by name, and in `_` the arguments that are not flags. */
// deno-lint-ignore no-explicit-any
export type Args = Record<string, any> & { _: (string | number)[] };

/**
 * Parses command line arguments.
 *
 * @param args The arguments, as in `Deno.args`.
 * @param options How to read them.
 *
 * @example Usage
 * ```ts
 * import { parseArgs } from "@std/cli/parse-args";
 *
 * const { port, ui, _ } = parseArgs(["--port", "7233", "run"], { string: ["port"], boolean: ["ui"] });
 * ```
 */
export function parseArgs(
  args: readonly string[],
  { boolean = [], string = [], collect = [], unknown = () => true }: ParseOptions = {},
): Args {
  // Without options this only splits: `node:util` itself would take `--other` for the value of `--name --other`.
  const { tokens } = tokenize({ args: [...args], strict: false, allowPositionals: true, tokens: true });
  const parsed: Args = { _: [] };
  for (const name of boolean) parsed[name] = false;
  for (const name of collect) if (string.includes(name)) parsed[name] = [];
  const isString = (name: string) => string.includes(name);
  const typed = (name: string, text: string) => isString(name) || !isNumber(text) ? text : Number(text);
  const isValue = (name: string, text: string) =>
    boolean.includes(name) ? /^(true|false)$/.test(text) : text !== "" && text !== "-";

  let taken = -1;
  let ended = false;
  for (const [i, token] of tokens.entries()) {
    if (token.index === taken) continue;
    if (token.kind === "option-terminator") {
      ended = true;
    } else if (token.kind === "positional") {
      if (ended) parsed._.push(token.value);
      else if (unknown(token.value) !== false) parsed._.push(typed("_", token.value));
    } else {
      const { name, index } = token;
      let text = token.value;
      const next = tokens[i + 1];
      if (text === undefined && next?.kind === "positional" && isValue(name, next.value)) {
        text = next.value;
        taken = next.index;
      }
      const bare = isString(name) ? "" : true;
      const value = boolean.includes(name) ? text !== "false" : text === undefined ? bare : typed(name, text);
      const known = [boolean, string, collect].some((names) => names.includes(name));
      if (!known && unknown(args[index], name, value) === false) continue;
      if (collect.includes(name)) (parsed[name] ??= []).push(value);
      else parsed[name] = value;
    }
  }
  return parsed;
}

function isNumber(text: string): boolean {
  return /^0x[0-9a-f]+$/i.test(text) || /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/.test(text);
}
