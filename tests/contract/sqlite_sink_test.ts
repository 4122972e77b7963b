import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { Child } from "../../src/lab/harness/child.ts";
import { sinkContract } from "./sink_contract.ts";
import { makeBatch, makeIds } from "./sink_store.ts";
import { fileTest, SqliteStore } from "./sqlite_store.ts";

interface Answer {
  readonly round: number;
  readonly committed: readonly string[];
  readonly duplicates: number;
}

const folder = fileURLToPath(new URL(".", import.meta.url));

/** Starts a process that writes the same request ids as every other one, and begins when its input ends. */
function startWriter(path: string, name: string, batches: number, rowsPerBatch: number): Child {
  return Child.run(new URL("sqlite_race_child.ts", import.meta.url), [path, name, `${batches}`, `${rowsPerBatch}`]);
}

/** What a writer has answered, without what may come after the last line break. */
function answersOf({ output: { stdout } }: Child): Answer[] {
  return stdout.split("\n").slice(1, -1).map((line) => JSON.parse(line));
}

sinkContract({ name: "SqliteSink", createStore: () => Promise.resolve(new SqliteStore()) }, fileTest);

/** A busy machine may let one process finish before the other begins; a race that was none is run again. */
const RACES_MAX = 10;

fileTest("SqliteSink: two processes that write the same ids at the same time commit each of them once", async () => {
  for (let race = 1; !await runRace(); race++) assert(race < RACES_MAX, `${RACES_MAX} races did not overlap`);
});

/** Races two processes on a new ledger, checks what they stored, and says whether both had a part in it. */
async function runRace(): Promise<boolean> {
  await using store = new SqliteStore();
  const writers = ["one", "two"].map((name) => startWriter(store.path, name, 400, 10));
  await Promise.all(writers.map((writer) => writer.until("\n")));
  await Promise.all(writers.map((writer) => writer.endInput()));
  assertEquals(await Promise.all(writers.map((writer) => writer.ended())), [0, 0]);
  const answers = writers.map(answersOf);
  const committed = answers.map((own) => own.flatMap((answer) => answer.committed));
  assertEquals([committed.flat().length, new Set(committed.flat()).size], [4_000, 4_000]);
  assertEquals(answers.flat().reduce((sum, { duplicates }) => sum + duplicates, 0), 4_000);
  assertEquals(store.query("SELECT count(*) AS count FROM batched_writes"), [{ count: 4_000 }]);
  return committed.every((own) => own.length > 0);
}

fileTest("SqliteSink: a process that is killed leaves whole batches, and each that it answered", async () => {
  await using store = new SqliteStore();
  const writer = startWriter(store.path, "killed", 1_000_000, 100);
  await writer.until("\n");
  await writer.endInput();
  await writer.until(/\n(?:.+\n){20}/);
  await writer.kill();
  const answered = answersOf(writer).map(({ round }) => round);
  assertEquals(store.query("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
  const batches = store.query("SELECT batch_id, count(*) AS count FROM batched_writes GROUP BY batch_id");
  assert(batches.every(({ count }) => count === 100));
  const stored = new Set(batches.map(({ batch_id }) => batch_id));
  assert(answered.length >= 20 && answered.every((round) => stored.has(`killed ${round}`)));

  const sink = await store.open();
  const ids = Array.from({ length: 100 }, (_, index) => `19/${index}`);
  const outcomes = await sink.write(makeBatch("after the restart", ids));
  assert(outcomes.every((outcome) => outcome.status === "duplicate" && outcome.batchId === "killed 19"));
  await sink.close();
});

fileTest("SqliteSink: a commit that a full disk cuts short is unknown, and writing it again is safe", async () => {
  await using store = new SqliteStore();
  const script = `trap '' XFSZ; ulimit -f 2000; exec "$0" run -A "$1" "$2"`;
  const args = ["-c", script, Deno.execPath(), `${folder}sqlite_full_child.ts`, store.path];
  const { stdout } = await new Deno.Command("sh", { args, stderr: "null" }).output();
  const failure = { kind: "unavailable", wrote: "unknown", code: "SQLITE_IOERR" };
  assertEquals(JSON.parse(new TextDecoder().decode(stdout)), {
    failures: [failure, failure],
    again: ["duplicate", "committed"],
  });
  assertEquals((await store.ledger()).map(({ requestId }) => requestId), ["a", "b"]);

  const sink = await store.open();
  const outcomes = await sink.write(makeBatch("big", makeIds("x".repeat(1_000), 1_000)));
  assert(outcomes.every(({ status }) => status === "committed"));
  await sink.close();
});
