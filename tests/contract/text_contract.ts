/**
 * The part of the sink contract about text: nothing is changed, cut, mixed up or run.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Outcome, Sink } from "../../src/sinks/sink.ts";
import { type ContractTest, makeWrite, type SinkStore } from "./sink_store.ts";

const ROWS: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1.5e-300,
  Number.MAX_SAFE_INTEGER,
  "",
  "text",
  [],
  [1, [2, [3]]],
  {},
  { "": { "a.b": [null] }, "__proto__x": "\u0000" },
];

/** As `JSON.stringify` never writes them, but valid: a sink must not parse and print a row. */
const ROW_TEXTS = ["12345678901234567890.10", "1e400", "-0", ' { "b" : 1, "a" : 2, "a" : 3 } ', '"\\u0041\\ud800"'];

const UNICODE = [
  "ä".normalize("NFC"),
  "ä".normalize("NFD"),
  "\u{1F600}\u{10FFFF}",
  "\u200b",
  "\ufeff",
  "\ufffd",
  "\uffff",
  " ",
  "a",
  "A",
  "a ",
  "\t\r\n",
];

const INJECTIONS = [
  "'; DROP TABLE batched_writes; --",
  '"; DELETE FROM batched_writes; --',
  "$1",
  "?1",
  ":name",
  "\\",
  "{a,b}",
  "NULL",
  "%s",
  "') ON CONFLICT DO UPDATE SET data = ('",
];

/** Ids and keys that a database may refuse, but must not change. */
const HARD_TEXT = ["nul\0a", "nul\0b", "nul", "lone \ud800", "lone \ud801", "lone \udfff", "lone \ufffd"];

async function storesEach(store: SinkStore, sink: Sink, texts: readonly string[]): Promise<void> {
  const writes = texts.map((text) => makeWrite(text, { data: JSON.stringify(text), partitionKey: text }));
  const outcomes = await sink.write({ batchId: `batch ${texts[0]}`, writes });
  assertEquals(outcomes.map(({ status }) => status), texts.map(() => "committed"));
  const stored = (await store.ledger()).slice(-texts.length);
  assertEquals(stored.map(({ requestId }) => requestId), texts);
  assertEquals(stored.map(({ partitionKey }) => partitionKey), [...texts]);
  assertEquals(stored.map(({ data }) => JSON.parse(data)), [...texts]);
}

/** Tests of text. */
export const TEXT_CONTRACT: readonly ContractTest[] = [
  {
    name: "write() stores rows of every JSON type as the text that was sent",
    async run(store) {
      const sink = await store.open();
      const texts = [...ROWS.map((row) => JSON.stringify(row)), ...ROW_TEXTS];
      const writes = texts.map((data, index) => makeWrite(`${index}`, { data }));
      await sink.write({ batchId: "batch", writes });
      assertEquals((await store.ledger()).map(({ data }) => data), texts);
      await sink.close();
    },
  },
  {
    name: "write() stores a row of 1 MiB and empty text",
    async run(store) {
      const sink = await store.open();
      const mebibyte = JSON.stringify("é".repeat(512 * 1024 - 1));
      const writes = [
        makeWrite("huge", { data: mebibyte }),
        makeWrite("empty", { data: '""' }),
        makeWrite("", { partitionKey: "" }),
      ];
      const outcomes = await sink.write({ batchId: "batch", writes });
      assert(outcomes.every(({ status }) => status === "committed"));
      const [huge, empty, nameless] = await store.ledger();
      assert(huge.data === mebibyte);
      assertEquals([empty.data, nameless.requestId, nameless.partitionKey], ['""', "", ""]);
      await sink.close();
    },
  },
  {
    name: "write() keeps request ids apart that look alike, sort alike or normalize alike",
    async run(store) {
      const sink = await store.open();
      await storesEach(store, sink, UNICODE);
      await sink.close();
    },
  },
  {
    name: "write() takes SQL in ids, keys and rows for text",
    async run(store) {
      const sink = await store.open((write) => write.requestId);
      await storesEach(store, sink, INJECTIONS);
      assertEquals(await sink.countCommittedOf(INJECTIONS), INJECTIONS.length);
      await sink.close();
    },
  },
  {
    name: "write() stores NUL and lone surrogates in ids and keys exactly, or rejects that row alone",
    async run(store) {
      const sink = await store.open();
      const writes = HARD_TEXT.flatMap((text) => [
        makeWrite(text, { data: "1" }),
        makeWrite(`key ${JSON.stringify(text)}`, { data: "2", partitionKey: text }),
        makeWrite(`good ${JSON.stringify(text)}`, { data: "3" }),
      ]);
      const outcomes = await sink.write({ batchId: "batch", writes });
      const expected = writes.filter((_, index) => {
        const { status } = outcomes[index];
        assert(status === "committed" || status === "rejected" && index % 3 !== 2, `${index}: ${status}`);
        return status === "committed";
      });
      const stored = (await store.ledger()).map(({ requestId, partitionKey }) => [requestId, partitionKey]);
      assertEquals(stored, expected.map(({ requestId, partitionKey }) => [requestId, partitionKey]));
      assertEquals((await store.deadLetters()).length, writes.length - expected.length);
      const again = await sink.write({ batchId: "again", writes });
      assertEquals(
        again.map(({ status }) => status),
        outcomes.map(({ status }) => status === "committed" ? "duplicate" : status),
      );
      assertEquals(
        await sink.countCommittedOf(HARD_TEXT),
        expected.filter((w) => HARD_TEXT.includes(w.requestId)).length,
      );
      await sink.close();
    },
  },
  {
    name: "write() of a known request id is a duplicate even with a partition key that cannot be stored",
    async run(store) {
      const sink = await store.open();
      const first = await sink.write({ batchId: "first", writes: [makeWrite("a")] });
      const again = await sink.write({ batchId: "again", writes: [makeWrite("a", { partitionKey: "lone \ud800" })] });
      assertEquals(again, [{ ...first[0], status: "duplicate" } as Outcome]);
      assertEquals(await store.deadLetters(), []);
      await sink.close();
    },
  },
];
