/** Every variant behind the one interface, with its workers in processes of their own. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Told, VariantOptions } from "../../src/lab/compare/variant.ts";
import { eventually } from "../support/eventually.ts";
import type { Lab } from "../support/lab.ts";
import { type LabCase, labTests } from "../support/lab_tests.ts";

/** Starts what a variant needs: one process for each of its two services. */
async function start(lab: Lab, name: string) {
  const { variantOf } = await import("../../src/lab/compare/variants/mod.ts");
  const { WorkerProcess } = await import("../../src/lab/compare/worker_process.ts");
  const { prepareDatabase, rowsByKey } = await import("../../src/lab/compare/database.ts");
  const variant = variantOf(name);
  const databaseFile = `${lab.ledgerFile}.${name}`;
  await prepareDatabase(databaseFile, variant);
  const options: VariantOptions = {
    address: lab.address,
    name: lab.name(name),
    databaseFile,
    policy: variant.noWindow,
    confirmationTimeoutMs: 30_000,
  };
  const stack = new AsyncDisposableStack();
  const process = async (role: "caller" | "batcher") =>
    stack.use(await WorkerProcess.start({ ...options, variant: name, role }));
  const [main, batcher] = await Promise.all([process("caller"), process("batcher")]);
  await variant.prepare(lab.client, options);
  return {
    database: variant.databaseRole === "caller" ? main : batcher,
    startAgain: () => process(variant.databaseRole),
    async tell(key: string, more: { requestId?: string; amount?: number } = {}): Promise<Told> {
      const { amount = 1, requestId } = more;
      const call = { workflowId: lab.name(options.name), requestId, data: { key, amount } };
      return await variant.told(lab.client, await variant.startCaller(lab.client, options, call));
    },
    rows: (key: string) => rowsByKey(databaseFile, variant).get(key) ?? 0,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Rows after a second call with the same request id, sent when the first one was answered. */
const ROWS_OF_A_DUPLICATE: Record<string, number> = { update: 1, signal: 2, activity: 2, direct: 2 };

function caseOf(name: string): LabCase {
  return [`${name} answers, can be measured, and is sent the same request again`, async (lab) => {
    await using system = await start(lab, name);
    const before = await system.database.measure();
    const requestId = `${name}/a`;
    const told = await system.tell("a", { requestId });
    assert(told.kind === "done", JSON.stringify(told));
    assertEquals(system.rows("a"), 1);
    const after = await system.database.measure();
    assertEquals([after.transactions - before.transactions, after.rows - before.rows], [1, 1]);
    assertGreater(after.cpuSeconds, before.cpuSeconds);
    assertEquals(after.connections, 1);
    assertEquals((await system.tell("a", { requestId })).kind, "done");
    assertEquals(system.rows("a"), ROWS_OF_A_DUPLICATE[name]);
  }];
}

labTests({}, [
  ...(["update", "signal", "activity", "direct"] as const).map(caseOf),

  ["update is told of a bad row, and stores one row when its worker dies after the commit", async (lab) => {
    await using system = await start(lab, "update");
    const told = await system.tell("bad", { amount: -1 });
    assert(told.kind === "failed" && told.errorType === "WRITE_REJECTED", JSON.stringify(told));
    assertEquals(system.rows("bad"), 0);
    await system.database.tell("hang after commit");
    const call = system.tell("killed");
    await system.database.untilCommitted();
    assertEquals(system.rows("killed"), 1);
    await system.database.kill();
    await system.startAgain();
    assertEquals((await call).kind, "done");
    assertEquals(system.rows("killed"), 1);
  }],

  ["update has a writer that is no workflow", async (lab) => {
    const { updateVariant } = await import("../../src/lab/compare/variants/update.ts");
    const name = lab.name("update");
    const options = { address: lab.address, name, databaseFile: lab.ledgerFile, policy: { size: 10, windowMs: 0 } };
    await lab.batcherWorker(`${name}/batcher-queue`);
    assert(typeof updateVariant.clientWriter === "function");
    await using writer = await updateVariant.clientWriter(options);
    const told = await writer.write({ requestId: `${name}/a`, data: { key: "a" } });
    assertEquals(told.kind, "done");
    await eventually("its row", async () => (await lab.ledgerRows(`${name}/`)).length === 1);
  }],
]);
