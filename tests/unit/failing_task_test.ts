import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Client } from "@temporalio/client";
import { failingTaskProblem } from "../../src/client/failing_task.ts";

/** A server with a batcher whose workflow task is at this attempt. */
function clientWith(namespace: string, attempt: number): Client {
  const failed = { workflowTaskFailedEventAttributes: { failure: { message: "no body storage" } } };
  const workflowService = {
    describeWorkflowExecution: () => Promise.resolve({ pendingWorkflowTask: { attempt } }),
    getWorkflowExecutionHistoryReverse: () => Promise.resolve({ history: { events: [{}, failed] } }),
  };
  return { workflowService, options: { namespace } } as unknown as Client;
}

Deno.test("failingTaskProblem() ends with a command that a shell takes as it is meant", async () => {
  const cases = [
    ["default", "batcher/0/0", "--namespace default --workflow-id batcher/0/0"],
    ["team.a1", "the batcher's/0/0", String.raw`--namespace team.a1 --workflow-id 'the batcher'\''s/0/0'`],
    ["default", "-x $HOME/0/0", "--namespace default --workflow-id='-x $HOME/0/0'"],
  ];
  for (const [namespace, workflowId, flags] of cases) {
    const problem = await failingTaskProblem(clientWith(namespace, 2), workflowId);
    assertStringIncludes(problem, "its workflow task fails: no body storage; fix its worker, or ");
    assertEquals(problem.split("with: ")[1], `temporal workflow terminate ${flags}`);
  }
});

Deno.test("failingTaskProblem() has nothing to say of a first attempt", async () => {
  assertEquals(await failingTaskProblem(clientWith("default", 1), "batcher/0/0"), "");
});
