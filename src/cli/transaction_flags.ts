/**
 * Which transactions a command runs.
 *
 * @module
 */
import type { Write } from "../protocol/write.ts";
import type { TransactionInput } from "../../workflows/transaction.ts";
import { UsageError } from "./command.ts";
import { madeUpWrites, openLines, readWrites } from "./input.ts";

/** Simulated work of the original system: each step takes so many milliseconds. */
const SEED_WORK_MS = [1_000, 3_000] as const;

/** Where transactions come from. */
export const transactionFlags = {
  workflows: { type: "number", min: 1, max: 100_000, help: "Run this many transactions, with made-up rows" },
  input: {
    type: "text",
    value: "FILE|-",
    help: "Run one transaction for each line of JSON, from a file or standard input",
  },
  "id-field": {
    type: "text",
    value: "NAME",
    help: "Field of a line that is its request id (default: a digest of the line)",
  },
  work: {
    type: "text",
    choices: ["none", "seed"],
    default: "none",
    help: `Simulated work before and after the write; 'seed' is ${
      SEED_WORK_MS.map((ms) => ms / 1_000).join(" to ")
    } s each`,
  },
} as const;

interface TransactionFlagValues {
  readonly workflows: number | undefined;
  readonly input: string | undefined;
  readonly "id-field": string | undefined;
  readonly work: string;
}

/**
 * Collects the writes of all transactions. The whole input is read and checked first, so that a bad line means that
 * nothing was written.
 */
export async function writesOf(flags: TransactionFlagValues, defaultCount?: number): Promise<Write[]> {
  const { workflows, input } = flags;
  if (input !== undefined && workflows !== undefined) {
    throw new UsageError("--workflows and --input exclude each other");
  }
  if (input === undefined) {
    if (flags["id-field"] !== undefined) throw new UsageError("--id-field needs --input");
    const count = workflows ?? defaultCount;
    if (count === undefined) throw new UsageError("Say what to run: --workflows N or --input FILE");
    return madeUpWrites(count, crypto.randomUUID());
  }
  const lines = readWrites(await openLines(input), { idField: flags["id-field"] }, (bad) => {
    throw new UsageError(`${bad.message} (no transaction was started: correct the line and run it again)`);
  });
  const writes = await Array.fromAsync(lines, ({ write }) => write);
  if (writes.length === 0) throw new UsageError(`--input ${input} has no lines`);
  return writes;
}

/** The simulated work that was asked for. */
export function workMsOf({ work }: TransactionFlagValues): TransactionInput["workMs"] {
  return work === "seed" ? SEED_WORK_MS : undefined;
}
