/** A server that says GOAWAY to every connection again and again, as each server does after some minutes. */
import { assertEquals, assertGreater } from "@std/assert";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import { labTests } from "../support/lab_tests.ts";
import { Load } from "../support/load.ts";

const AGE_MS = 1_000;

/** How many of these lives a test lasts. */
const LIVES = 4;

labTests({ dynamicConfig: { "frontend.keepAliveMaxConnectionAge": `"${AGE_MS}ms"` } }, [
  ["write() goes on when the server closes connections under load", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const load = new Load(Array.from({ length: 3 }, () => lab.writer(name)), 10, `${name}/`);
    const endMs = performance.now() + LIVES * AGE_MS;
    await eventually("several connections have come and gone", async () => {
      await load.untilMore(100);
      return performance.now() > endMs;
    });
    await load.end();
    await lab.assertLedgerHolds(`${name}/`, load.receipts);
    assertGreater(load.receipts.length, 100);
  }],

  ["write() goes on after its connection was closed while it was idle", async (lab) => {
    const name = lab.name();
    await lab.batcherWorker(name);
    const writer = lab.writer(name);
    for (let turn = 0; turn < LIVES; turn++) {
      assertEquals((await writer.write({ requestId: `${name}/${turn}`, data: turn })).status, "committed");
      // Nothing on this side tells when it is closed; the server adds a tenth of its age to it at most.
      await delay(1.2 * AGE_MS);
    }
    assertEquals((await lab.ledgerRows(`${name}/`)).length, LIVES);
  }],
]);
