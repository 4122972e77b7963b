/**
 * What every command shares: flags, help, and one clear line where a user made a mistake.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { fullMessage } from "../client/transport_text.ts";
import { POSTGRES_FORM } from "../sinks/postgres/url.ts";
import { shownLine } from "../worker/shown_line.ts";

/** A mistake of the user, or of the user's set-up: one line, no stack trace, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Exit code of a command whose work failed. */
export const EXIT_FAILED = 1;

/** Exit code of a command that was called wrongly, or could not start. */
export const EXIT_USAGE = 2;

/** Exit code of a command that Ctrl-C ended: 128 + SIGINT. */
export const EXIT_INTERRUPTED = 130;

/** Exit code of a command that was ended before it was done: 128 + SIGTERM. */
const EXIT_TERMINATED = 143;

interface FlagBase {
  /** One line for the help. */
  readonly help: string;
  /** What stands for the value in the help, such as `N` or `FILE`. */
  readonly value?: string;
}

/** A flag with a value of text, one of `choices` where those are given. */
export interface TextFlag extends FlagBase {
  readonly type: "text";
  readonly default?: string;
  readonly choices?: readonly string[];
  /** Choices of before that still work, and what they are called now. The help does not show them. */
  readonly renamed?: Readonly<Record<string, string>>;
}

/** A flag with a whole number. */
export interface NumberFlag extends FlagBase {
  readonly type: "number";
  readonly min: number;
  readonly max: number;
  readonly default?: number;
}

/** A flag that is there or not. */
export interface SwitchFlag extends FlagBase {
  readonly type: "switch";
}

/** Flags by name, without their dashes. */
export type Flags = Readonly<Record<string, TextFlag | NumberFlag | SwitchFlag>>;

type FlagValue<F> = F extends SwitchFlag ? boolean
  : F extends NumberFlag ? (F extends { default: number } ? number : number | undefined)
  : (F extends { default: string } ? string : string | undefined);

/** Values of {@linkcode Flags}. */
export type FlagValues<F extends Flags> = { readonly [K in keyof F]: FlagValue<F[K]> };

/** A command of `deno task`. */
export interface Command<F extends Flags> {
  /** As it is typed, such as `deno task demo`. */
  readonly usage: string;
  /** What it does, in a sentence or two. */
  readonly summary: string;
  readonly flags: F;
  /** Names of arguments without a flag; each must be given, but the last one may be `[NAME…]` for any number. */
  readonly operands?: readonly string[];
  /** Worth a look. */
  readonly examples?: readonly string[];
  /** Whether it runs until it is stopped. Then SIGTERM, by which containers stop their processes, is not a failure. */
  readonly untilStopped?: true;
  /** @returns The exit code. */
  run(flags: FlagValues<F>, operands: readonly string[], signal: AbortSignal): Promise<number>;
}

/** Runs a command with the arguments of this process, and ends the process with its exit code. */
export async function main<const F extends Flags>(command: Command<F>): Promise<never> {
  const interrupt = new AbortController();
  let interrupted = EXIT_INTERRUPTED;
  const onSignal = (code: number) => () => {
    // The second time the user means it.
    if (interrupt.signal.aborted) Deno.exit(interrupted);
    interrupted = code;
    interrupt.abort();
  };
  guardConsole();
  Deno.addSignalListener("SIGINT", onSignal(EXIT_INTERRUPTED));
  Deno.addSignalListener("SIGTERM", onSignal(EXIT_TERMINATED));
  try {
    if (Deno.args.includes("--help") || Deno.args.includes("-h")) {
      console.log(helpOf(command));
      Deno.exit(0);
    }
    const { flags, operands } = parseFlags(command, Deno.args);
    const code = await command.run(flags, operands, interrupt.signal);
    const stoppedWell = command.untilStopped && code === 0 && interrupted === EXIT_TERMINATED;
    Deno.exit(interrupt.signal.aborted && !stoppedWell ? interrupted : code);
  } catch (error) {
    if (interrupt.signal.aborted) Deno.exit(interrupted);
    console.error(`error: ${oneLine(error)}`);
    if (error instanceof UsageError) console.error(`Try: ${command.usage} --help`);
    Deno.exit(EXIT_USAGE);
  }
}

/**
 * From here on nothing that is printed is a command to the terminal, wherever it comes from: a database, a server, an
 * argument.
 */
function guardConsole(): void {
  for (const method of ["log", "info", "warn", "error"] as const) {
    const print = console[method].bind(console);
    console[method] = (...values: unknown[]) => {
      print(...values.map((value) => typeof value === "string" ? value.split("\n").map(shownLine).join("\n") : value));
    };
  }
}

function oneLine(error: unknown): string {
  return withoutPasswords(fullMessage(error), Deno.args).replaceAll(/\s*\n\s*/g, " | ");
}

/** An argument, or the value of one, that may hold a password: an address that stands in a wrong place. */
const ADDRESS = /^-*(?:postgres(?:ql)?:|[a-z][a-z0-9+.-]*:\/\/(?=.*@))/is;

/** Leaves no more of an address than its scheme where a message quotes an argument. */
function withoutPasswords(message: string, args: readonly string[]): string {
  const quoted = args.flatMap((arg) => [arg, arg.slice(arg.indexOf("=") + 1), arg.split("=")[0]]);
  return quoted.reduce((text, arg) => {
    const scheme = ADDRESS.exec(arg)?.[0];
    // A part of a template holds no secret, and the template must stay as it is.
    if (scheme === undefined || POSTGRES_FORM.includes(arg)) return text;
    return text.replaceAll(arg, `${scheme}…`).replaceAll(JSON.stringify(arg).slice(1, -1), `${scheme}…`);
  }, message);
}

/**
 * Reads the flags of a command.
 *
 * @throws {UsageError} For an unknown flag, a missing or a bad value, or an argument too many.
 */
export function parseFlags<F extends Flags>(
  { flags, operands = [] }: Command<F>,
  args: readonly string[],
): { flags: FlagValues<F>; operands: readonly string[] } {
  const names = Object.keys(flags);
  const takesValue = (arg: string) => names.some((name) => arg === `--${name}` && flags[name].type !== "switch");
  const parsed = parseArgs(joinDashes(args, takesValue), {
    string: [...names.filter((name) => flags[name].type !== "switch"), "_"],
    boolean: names.filter((name) => flags[name].type === "switch"),
    collect: names.filter((name) => flags[name].type !== "switch"),
    unknown: (arg: string) => {
      if (!arg.startsWith("-") || arg === "-") return true;
      throw new UsageError(`Unknown flag ${arg.split("=")[0]}`);
    },
  }) as Record<string, unknown> & { _: (string | number)[] };
  const values: Record<string, unknown> = {};
  for (const name of names) values[name] = flagValue(name, flags[name], parsed[name]);
  const given = parsed._.map(String);
  const required = operands.filter((name) => !name.endsWith("…]"));
  if (required.length === operands.length && given.length > required.length) {
    throw new UsageError(`Unexpected argument ${given[required.length]}`);
  }
  if (given.length < required.length) throw new UsageError(`Missing argument ${required[given.length]}`);
  return { flags: values as FlagValues<F>, operands: given };
}

/** `--input -` means standard input, and `-3` is a number, but neither is a value to the parser. */
function joinDashes(args: readonly string[], takesValue: (arg: string) => boolean): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const last = joined.at(-1);
    if (/^-(?:$|\d)/.test(arg) && last !== undefined && takesValue(last)) joined[joined.length - 1] = `${last}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}

function flagValue(name: string, flag: Flags[string], given: unknown): unknown {
  if (flag.type === "switch") return given === true;
  const texts = given as string[];
  if (texts.length > 1) throw new UsageError(`--${name} is given ${texts.length} times: give it once`);
  if (texts.length === 0) return flag.default;
  const text = "renamed" in flag && flag.renamed?.[texts[0]] || texts[0];
  if (text === "") throw new UsageError(`--${name} needs a value`);
  if (flag.type === "number") {
    const number = /^\d+$/.test(text) ? Number(text) : NaN;
    if (number >= flag.min && number <= flag.max) return number;
    throw new UsageError(
      `--${name} must be a whole number from ${flag.min} to ${flag.max}: it is ${JSON.stringify(text)}`,
    );
  }
  if (flag.choices && !flag.choices.includes(text)) {
    throw new UsageError(`--${name} must be one of ${flag.choices.join(", ")}: it is ${JSON.stringify(text)}`);
  }
  return text;
}

/** The help of a command. */
export function helpOf<F extends Flags>({ usage, summary, flags, operands = [], examples = [] }: Command<F>): string {
  const rows = Object.entries(flags).map(([name, flag]) => {
    const value = flag.type === "switch" ? "" : ` ${flag.value ?? (flag.type === "number" ? "N" : "NAME")}`;
    const fallback = "default" in flag && flag.default !== undefined ? ` (default: ${flag.default})` : "";
    const choices = "choices" in flag && flag.choices ? `: ${flag.choices.join(" | ")}` : "";
    return [`--${name}${value}`, `${flag.help}${choices}${fallback}`];
  });
  rows.push(["--help", "Show this help."]);
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    `Usage: ${[usage, ...operands].join(" ")} [flags]`,
    "",
    summary,
    "",
    "Flags:",
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    ...(examples.length > 0 ? ["", "Examples:", ...examples.map((example) => `  ${example}`)] : []),
  ].join("\n");
}
