/** Which bodies a sweep removes: those that no open run can refer to, and no other. */
import { assertEquals, assertRejects } from "@std/assert";
import { BodyStorage } from "../../src/bodies/body_storage.ts";
import { latestRun } from "../../src/bodies/latest_run.ts";
import { sweepBodies } from "../../src/bodies/sweep.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import { FaultyBodies } from "../support/faulty_bodies.ts";
import type { Lab } from "../support/lab.ts";
import { type LabCase, labTests } from "../support/lab_tests.ts";
import { permitted } from "../support/permitted.ts";

const root = `/tmp/temporal-batcher-bodies-${crypto.randomUUID()}`;
if (permitted) Deno.test.afterAll(() => Deno.remove(root, { recursive: true }));

const DAY_MS = 24 * 60 * 60_000;
const olderThanMs = LIMITS.bodySweepAgeMinMs;
const old = () => Date.now() - DAY_MS;

const payload = { metadata: { encoding: new TextEncoder().encode("binary/plain") }, data: new Uint8Array(100) };

/** Stores a body for a workflow, as if at that time. */
async function storeAt(bodies: FaultyBodies, workflowId: string, timeMs: number, namespace = "default") {
  const [{ claimData: { path } }] = await bodies.store({ target: { kind: "workflow", namespace, id: workflowId } }, [
    payload,
  ]);
  await Deno.utime(`${bodies.folder}/${path}`, new Date(timeMs), new Date(timeMs));
  return path;
}

/** A batcher that runs, and a store without bodies. */
async function batcherWithStore(lab: Lab) {
  const name = lab.name();
  const bodies = new FaultyBodies(`${root}/${name}`);
  const worker = await lab.batcherWorker(name, { externalStorage: new BodyStorage({ driver: bodies }) });
  await lab.writer(name).write({ requestId: `${name}/a`, data: 1 });
  const { workflowId } = lab.batcher(name);
  return { name, bodies, worker, workflowId };
}

const cases: LabCase[] = [
  ["sweepBodies() keeps what an open run may refer to, and removes what is from before it", async (lab) => {
    const { bodies, workflowId } = await batcherWithStore(lab);
    const { sinceMs } = (await latestRun(lab.client, { namespace: "default", workflowId }))!;
    await storeAt(bodies, workflowId, old());
    const kept = await storeAt(bodies, workflowId, sinceMs);
    // It is older than the run, and still an Update with it may have come later.
    const late = await storeAt(bodies, workflowId, sinceMs - LIMITS.bodySweepAgeMinMs + 60_000);
    const report = await sweepBodies({ driver: bodies, client: lab.client, olderThanMs });
    assertEquals([report.removed, report.kept], [1, 2]);
    assertEquals(await bodies.paths(), [kept, late].sort());
  }],

  ["sweepBodies() removes what a closed batcher leaves behind, a good while after its end", async (lab) => {
    const { bodies, workflowId } = await batcherWithStore(lab);
    await storeAt(bodies, workflowId, old());
    await lab.client.workflow.getHandle(workflowId).terminate();
    const report = await sweepBodies({ driver: bodies, client: lab.client, olderThanMs });
    // It has ended a moment ago, so somebody may still wait for an answer.
    assertEquals([report.removed, report.kept], [0, 1]);
  }],

  ["sweepBodies() keeps what is young, whatever is asked for", async (lab) => {
    const { bodies, workflowId } = await batcherWithStore(lab);
    await storeAt(bodies, workflowId, Date.now());
    await storeAt(bodies, "no such workflow", Date.now());
    const report = await sweepBodies({ driver: bodies, client: lab.client, olderThanMs: 1, allWorkflows: true });
    assertEquals([report.removed, report.kept], [0, 2]);
  }],

  ["sweepBodies() leaves workflows that the server does not know, unless it is told to", async (lab) => {
    const { bodies } = await batcherWithStore(lab);
    await storeAt(bodies, "no such workflow", old());
    const some = await sweepBodies({ driver: bodies, client: lab.client, olderThanMs });
    assertEquals([some.removed, some.kept], [0, 1]);
    const dry = await sweepBodies({
      driver: bodies,
      client: lab.client,
      olderThanMs,
      allWorkflows: true,
      dryRun: true,
    });
    assertEquals([dry.removed, (await bodies.paths()).length], [1, 1]);
    const all = await sweepBodies({ driver: bodies, client: lab.client, olderThanMs, allWorkflows: true });
    assertEquals([all.removed, all.removedBytes > 0, await bodies.paths()], [1, true, []]);
    assertEquals(await Array.fromAsync(Deno.readDir(bodies.folder)), []);
  }],

  ["sweepBodies() does nothing with bodies of another server's namespace", async (lab) => {
    const { bodies } = await batcherWithStore(lab);
    const path = await storeAt(bodies, "some workflow", old(), "elsewhere");
    await assertRejects(
      () => sweepBodies({ driver: bodies, client: lab.client, olderThanMs, allWorkflows: true }),
      Error,
      'Cannot sweep bodies of namespace "elsewhere"',
    );
    assertEquals(await bodies.paths(), [path]);
  }],

  ["sweepBodies() keeps the bodies that a reset run has taken over", async (lab) => {
    const { name, bodies, workflowId } = await batcherWithStore(lab);
    const before = (await latestRun(lab.client, { namespace: "default", workflowId }))!;
    const { events } = await lab.batcher(name).fetchHistory();
    const completed = events!.findLast((event) => event.workflowTaskCompletedEventAttributes)!;
    await lab.client.workflowService.resetWorkflowExecution({
      namespace: "default",
      workflowExecution: { workflowId, runId: before.runId },
      workflowTaskFinishEventId: completed.eventId,
      requestId: crypto.randomUUID(),
    });
    const after = (await latestRun(lab.client, { namespace: "default", workflowId }))!;
    assertEquals([after.runId === before.runId, after.wasReset, after.sinceMs], [false, true, before.sinceMs]);
    await storeAt(bodies, workflowId, before.sinceMs);
    const report = await sweepBodies({ driver: bodies, client: lab.client, olderThanMs });
    assertEquals([report.removed, report.kept], [0, 1]);
  }],
];

labTests({}, cases);
