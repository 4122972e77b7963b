/** Commands whose server goes away. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { permittedTest } from "../support/permitted.ts";
import { spawnCommand } from "../support/run_command.ts";

permittedTest(
  "deno task server says how a worker finds it, and deno task start is brief when it has gone",
  async () => {
    await using server = spawnCommand("server", ["--port", "0"]);
    const [, address] = await server.until(/^Next: {12}deno task worker --address (127\.0\.0\.1:\d+)\n/m);
    const { startLocalSystem } = await import("../../src/worker/local_system.ts");
    const { createLog } = await import("../../src/worker/log.ts");
    const { installRuntime } = await import("../../src/worker/runtime.ts");
    const { MemorySink } = await import("../../src/sinks/memory_sink.ts");
    const log = createLog("error");
    installRuntime(log, "error");
    const system = await startLocalSystem({ address, log, openSink: () => Promise.resolve(new MemorySink()) });
    // Longer than the server lives.
    await using start = spawnCommand("start", ["--workflows", "2000", "--work", "seed"], {
      env: { TEMPORAL_ADDRESS: address },
    });
    await eventually("transactions run", async () => {
      const { count } = await system.client.workflow.count("WorkflowType = 'transaction'");
      return count > 0;
    });
    assertEquals(await server.kill("SIGINT"), 130, server.output.stderr);
    assertNotEquals(await start.ended(), 0);
    const { stderr } = start.output;
    assertEquals(/temporalio|tonic/.test(stderr), false, stderr);
    await system[Symbol.asyncDispose]();
  },
);
