/** Commands whose server goes away. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { permittedTest } from "../support/permitted.ts";
import { spawnCommand } from "../support/run_command.ts";

permittedTest(
  "deno task server says how a worker finds it, and deno task start is brief when it has gone",
  async () => {
    const server = spawnCommand("server", ["--port", "0"]);
    const said = new Response(server.stderr).text();
    let stdout = "";
    const reading = (async () => {
      for await (const text of server.stdout.pipeThrough(new TextDecoderStream())) stdout += text;
    })();
    const address = await eventually("the server says what is next", async () => {
      await Promise.resolve();
      return /^Next: {12}deno task worker --address (127\.0\.0\.1:\d+)$/m.exec(stdout)?.[1];
    });
    const { startLocalSystem } = await import("../../src/worker/local_system.ts");
    const { createLog } = await import("../../src/worker/log.ts");
    const { installRuntime } = await import("../../src/worker/runtime.ts");
    const { MemorySink } = await import("../../src/sinks/memory_sink.ts");
    const log = createLog("error");
    installRuntime(log, "error");
    const system = await startLocalSystem({ address, log, openSink: () => Promise.resolve(new MemorySink()) });
    // Longer than the server lives.
    const start = spawnCommand("start", ["--workflows", "2000", "--work", "seed"], {
      env: { TEMPORAL_ADDRESS: address },
    });
    const output = Promise.all([new Response(start.stdout).text(), new Response(start.stderr).text()]);
    await eventually("transactions run", async () => {
      const { count } = await system.client.workflow.count("WorkflowType = 'transaction'");
      return count > 0;
    });
    server.kill("SIGINT");
    assertEquals((await server.status).code, 130, await said);
    await reading;
    assertNotEquals((await start.status).code, 0);
    const [, stderr] = await output;
    assertEquals(/temporalio|tonic/.test(stderr), false, stderr);
    await Promise.all([start.stdin.close(), server.stdin.close()]);
    await system[Symbol.asyncDispose]();
  },
);
