import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { permittedTest } from "../support/permitted.ts";

permittedTest("bytesAsText() makes a message that the SDK reads as the activation that it was", async () => {
  const { default: proto } = await import("@temporalio/proto");
  const { bytesAsText } = await import("../../src/worker/activation_bytes.ts");
  const { WorkflowActivation } = proto.coresdk.workflow_activation;
  const payload = (bytes: number) => ({
    metadata: { encoding: new TextEncoder().encode("binary/plain") },
    data: crypto.getRandomValues(new Uint8Array(bytes)),
  });
  const activation = WorkflowActivation.fromObject({
    runId: "run",
    timestamp: { nanos: 1 },
    historySizeBytes: 17,
    jobs: [
      { doUpdate: { id: "a", name: "submitWrites", input: [payload(0), payload(255), payload(256), payload(60_001)] } },
      { resolveActivity: { seq: 1, result: { completed: { result: payload(4_096) } } } },
      { queryWorkflow: { queryId: "b", queryType: "getStats" } },
    ],
  });
  const read = WorkflowActivation.fromObject(structuredClone(bytesAsText(activation)));
  assertEquals(WorkflowActivation.encode(read).finish(), WorkflowActivation.encode(activation).finish());
});

/** A thread of the SDK that keeps what it is sent. */
class KeptMessages {
  readonly activations: { readonly jobs: { readonly signalWorkflow: { readonly input: unknown[] } }[] }[] = [];

  send(message: { type: string; activation?: KeptMessages["activations"][number] }): Promise<unknown> {
    if (message.activation) this.activations.push(message.activation);
    return Promise.resolve({ type: "activation-completion", completion: {} });
  }
}

permittedTest(
  "sendBytesAsText() is for runs of its type alone, and the SDK's thread is sent what it makes",
  async () => {
    const { VMWorkflowThreadProxy } = await import("@temporalio/worker/lib/workflow/threaded-vm.js");
    const { sendBytesAsText } = await import("../../src/worker/activation_bytes.ts");
    await sendBytesAsText("batcher");
    const thread = new KeptMessages();
    for (const workflowType of ["batcher", "somebody's"]) {
      const options = { info: { workflowType, runId: workflowType, unsafe: {} } };
      // deno-lint-ignore no-explicit-any -- of all that the SDK hands over, this is what is read
      const proxy = await VMWorkflowThreadProxy.create(thread as any, options as any);
      // deno-lint-ignore no-explicit-any
      await proxy.activate({ jobs: [{ signalWorkflow: { input: [{ data: new Uint8Array(300) }] } }] } as any);
    }
    const [ours, theirs] = thread.activations.map(({ jobs }) =>
      (jobs[0].signalWorkflow.input[0] as { data: unknown }).data
    );
    assertEquals(ours, new Uint8Array(300).toBase64());
    assertInstanceOf(theirs, Uint8Array);
  },
);

permittedTest("patchThreads() leaves workers as they are where the SDK's class is another one", async () => {
  const { patchThreads, sendBytesAsText } = await import("../../src/worker/activation_bytes.ts");
  await sendBytesAsText("batcher");
  patchThreads({});
  patchThreads({ VMWorkflowThreadProxy: {} });
  const proxy = {};
  const VMWorkflowThreadProxy = { create: () => Promise.resolve(proxy) };
  patchThreads({ VMWorkflowThreadProxy });
  const create: (...args: unknown[]) => Promise<unknown> = VMWorkflowThreadProxy.create;
  for (const options of [undefined, {}, { info: { workflowType: "batcher" } }]) {
    assertStrictEquals(await create({}, options), proxy);
    assertEquals(proxy, {});
  }
});
