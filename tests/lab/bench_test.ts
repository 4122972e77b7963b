/** Benchmarks on a server that others use too. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import type { Lab } from "../support/lab.ts";
import { labTests } from "../support/lab_tests.ts";
import { runCommand, spawnCommand } from "../support/run_command.ts";

async function workflowsOf(lab: Lab): Promise<{ workflowId: string; status: string }[]> {
  const listed = await Array.fromAsync(lab.client.workflow.list());
  return listed.map(({ workflowId, status }) => ({ workflowId, status: status.name }));
}

function assertOnlyEnded(workflows: readonly { workflowId: string; status: string }[]): void {
  assert(workflows.length > 0);
  for (const { workflowId, status } of workflows) {
    assert(workflowId.startsWith("bench-"), workflowId);
    assert(status !== "RUNNING", workflowId);
  }
}

labTests({}, [
  ["deno task bench --address says what it measures there, and ends what it started", async (lab) => {
    const { code, stdout, stderr } = await runCommand("bench", ["floor", "--json", "--address", lab.address]);
    assertEquals(code, 0, stderr);
    assertEquals(JSON.parse(stdout).scenario, "floor");
    assertStringIncludes(stderr, `Measured server: ${lab.address} (Temporal 1.`);
    assertOnlyEnded(await workflowsOf(lab));
  }],

  ["deno task bench ends what it started on the server of TEMPORAL_ADDRESS at Ctrl-C", async (lab) => {
    await using bench = spawnCommand("bench", ["callers"], { env: { TEMPORAL_ADDRESS: lab.address } });
    await eventually(
      "its batcher runs",
      async () =>
        (await workflowsOf(lab)).some(({ workflowId, status }) =>
          /^bench-\w+\/0\/0$/.test(workflowId) && status === "RUNNING"
        ),
    );
    assertEquals(await bench.kill("SIGINT"), 130, bench.output.both);
    assertOnlyEnded(await workflowsOf(lab));
  }],
]);
