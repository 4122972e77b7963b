import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { sinkContract } from "./sink_contract.ts";
import { makeBatch, makeIds } from "./sink_store.ts";
import { fileTest, SqliteStore } from "./sqlite_store.ts";

interface Answer {
  readonly round: number;
  readonly committed: readonly string[];
  readonly duplicates: number;
}

const folder = fileURLToPath(new URL(".", import.meta.url));

/** Starts a process that writes the same request ids as every other one; `go` lets it begin. */
class Writer {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(path: string, name: string, batches: number, rowsPerBatch: number) {
    const args = ["run", "-A", `${folder}sqlite_race_child.ts`, path, name, `${batches}`, `${rowsPerBatch}`];
    const pipes = { stdin: "piped", stdout: "piped", stderr: "null" } as const;
    this.#child = new Deno.Command(Deno.execPath(), { args, ...pipes }).spawn();
    this.#lines = wholeLines(this.#child.stdout);
  }

  async ready(): Promise<void> {
    assertEquals((await this.#lines.next()).value, "");
  }

  async go(): Promise<void> {
    await this.#child.stdin.close();
  }

  async *answers(): AsyncGenerator<Answer> {
    for (let line = await this.#lines.next(); !line.done; line = await this.#lines.next()) yield JSON.parse(line.value);
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }

  async exitCode(): Promise<number> {
    return (await this.#child.status).code;
  }
}

/** Yields lines, without what may come after the last line break. */
async function* wholeLines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
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
  const writers = ["one", "two"].map((name) => new Writer(store.path, name, 400, 10));
  await Promise.all(writers.map((writer) => writer.ready()));
  await Promise.all(writers.map((writer) => writer.go()));
  const answers = await Promise.all(writers.map((writer) => Array.fromAsync(writer.answers())));
  assertEquals(await Promise.all(writers.map((writer) => writer.exitCode())), [0, 0]);
  const committed = answers.map((own) => own.flatMap((answer) => answer.committed));
  assertEquals([committed.flat().length, new Set(committed.flat()).size], [4_000, 4_000]);
  assertEquals(answers.flat().reduce((sum, { duplicates }) => sum + duplicates, 0), 4_000);
  assertEquals(store.query("SELECT count(*) AS count FROM batched_writes"), [{ count: 4_000 }]);
  return committed.every((own) => own.length > 0);
}

fileTest("SqliteSink: a process that is killed leaves whole batches, and each that it answered", async () => {
  await using store = new SqliteStore();
  const writer = new Writer(store.path, "killed", 1_000_000, 100);
  await writer.ready();
  await writer.go();
  const answered: number[] = [];
  for await (const { round } of writer.answers()) {
    answered.push(round);
    if (answered.length === 20) await writer.kill();
  }
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
