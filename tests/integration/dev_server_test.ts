/** Starts real servers: the first run fetches one, unless `temporal` is on PATH. */
import { assert, assertEquals, assertFalse, assertRejects, assertStringIncludes } from "@std/assert";
import type { Client } from "@temporalio/client";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DevServer, DevServerOptions } from "../../src/server/dev_server.ts";
import { permittedTest } from "../support/permitted.ts";
import { isAlive, untilGone } from "../support/process_alive.ts";
import { Child } from "../../src/lab/harness/child.ts";
import { withEnv } from "../support/with_env.ts";

const DEV_SERVER_URL = new URL("../../src/server/dev_server.ts", import.meta.url).href;
const FREE = { port: 0, ui: false };
/** Hides the server that the developer's own environment may name. */
const UNCONFIGURED = { TEMPORAL_ADDRESS: undefined, TEMPORAL_CONFIG_FILE: "no-such-file.toml" };

// Loaded when a test runs: what they import asks for permissions.
const startDevServer = async (options: DevServerOptions) =>
  await (await import("../../src/server/dev_server.ts")).startDevServer(options);
const findOrStartDevServer = async (options?: DevServerOptions) =>
  await (await import("../../src/server/dev_server.ts")).findOrStartDevServer(options);

function portOf(server: DevServer): number {
  return Number(server.address.split(":")[1]);
}

async function withClient<T>(server: DevServer, use: (client: Client) => Promise<T>): Promise<T> {
  const { connectClient } = await import("../../src/client/connection.ts");
  await using connected = await connectClient({ address: server.address, namespace: server.namespace });
  return await use(connected.client);
}

permittedTest("startDevServer() serves on a free port and stop() ends the process", async () => {
  const server = await startDevServer(FREE);
  try {
    assert(server.startedByUs && server.pid !== undefined && isAlive(server.pid));
    const { namespaceInfo } = await withClient(
      server,
      (client) => client.workflowService.describeNamespace({ namespace: server.namespace }),
    );
    assertEquals(namespaceInfo?.name, "default");
  } finally {
    await Promise.all([server.stop(), server.stop()]);
  }
  assertFalse(isAlive(server.pid));
  await server.stop();
});

permittedTest("startDevServer() serves the Web UI on another port when its own is taken", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const lines: string[] = [];
    const uiPort = (taken.addr as Deno.NetAddr).port;
    await using server = await startDevServer({ port: 0, uiPort, log: (line) => lines.push(line) });
    const { uiUrl } = server;
    assert(uiUrl !== undefined && !uiUrl.endsWith(`:${uiPort}`));
    assertStringIncludes(lines.join("\n"), uiUrl.split(":")[2]);
    const response = await fetch(uiUrl);
    assertStringIncludes((await response.text()).toLowerCase(), "<html");
    assertEquals(response.status, 200);
  } finally {
    taken.close();
  }
});

permittedTest("startDevServer() keeps the state in a database file across a restart", async () => {
  const directory = await Deno.makeTempDir();
  const options = { ...FREE, dbFilename: join(directory, "state.db") };
  const workflowId = "survivor";
  try {
    {
      await using server = await startDevServer(options);
      await withClient(server, (client) => client.workflow.start("nobody", { workflowId, taskQueue: "no-worker" }));
    }
    await using server = await startDevServer(options);
    const { status } = await withClient(server, (client) => client.workflow.getHandle(workflowId).describe());
    assertEquals(status.name, "RUNNING");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

permittedTest(
  "startDevServer() passes on dynamic configuration, and fails with the server's words when it ends early",
  async () => {
    await (await startDevServer({ ...FREE, dynamicConfig: { "history.maxInFlightUpdates": "1000" } })).stop();
    const error = await assertRejects(() => startDevServer({ ...FREE, dynamicConfig: { key: "no JSON" } }), Error);
    assertStringIncludes(error.message, "ended with code 1");
    assertStringIncludes(error.message, "JSON");
  },
);

permittedTest("startDevServer() rejects a port that is none and one that is taken", async () => {
  await assertRejects(() => startDevServer({ port: 1.5 }), RangeError, "'port' must be a whole number from 0 to 65535");
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = taken.addr as Deno.NetAddr;
    await assertRejects(() => startDevServer({ port, ui: false }), Error, `port ${port} is taken`);
  } finally {
    taken.close();
  }
});

permittedTest("findOrStartDevServer() takes a running server and stop() leaves it", async () => {
  await using server = await startDevServer(FREE);
  const lines: string[] = [];
  const options = { port: portOf(server), dbFilename: "unused.db", log: (line: string) => lines.push(line) };
  await withEnv(UNCONFIGURED, async () => {
    const found = await findOrStartDevServer(options);
    assertEquals([found.address, found.startedByUs, found.pid], [server.address, false, undefined]);
    assertStringIncludes(found.source, "already running");
    assertStringIncludes(lines.join(), "its own database");
    await found.stop();
  });
  await withClient(server, (client) => client.workflowService.getSystemInfo({}));
});

permittedTest("findOrStartDevServer() takes the server that TEMPORAL_ADDRESS names", async () => {
  await using server = await startDevServer(FREE);
  await withEnv({ TEMPORAL_ADDRESS: server.address, TEMPORAL_NAMESPACE: "default" }, async () => {
    const found = await findOrStartDevServer();
    assertEquals([found.address, found.namespace, found.startedByUs], [server.address, "default", false]);
    assertStringIncludes(found.source, "TEMPORAL_ADDRESS");
  });
  await withEnv({ TEMPORAL_ADDRESS: server.address, TEMPORAL_NAMESPACE: "other" }, async () => {
    await assertRejects(() => findOrStartDevServer(), Error, `${server.address}, namespace other`);
  });
  await withEnv({ TEMPORAL_ADDRESS: "127.0.0.1:1" }, async () => {
    const { message } = await assertRejects(() => findOrStartDevServer(), Error);
    assertStringIncludes(message, "TEMPORAL_ADDRESS names as it does not answer: current value is 127.0.0.1:1, ");
    assertEquals(message.split("127.0.0.1:1").length, 2, message);
  });
  await withEnv({ TEMPORAL_ADDRESS: "me:planted@h:1" }, async () => {
    const { message } = await assertRejects(() => findOrStartDevServer(), Error, "must be HOST or HOST:PORT");
    assertEquals(message.includes("planted"), false, message);
  });
  await withEnv({ TEMPORAL_ADDRESS: "", TEMPORAL_PROFILE: "nobody" }, async () => {
    await assertRejects(() => findOrStartDevServer(), Error, "Cannot use Temporal's settings");
  });
});

permittedTest("findOrStartDevServer() takes the server that a profile names", async () => {
  await using server = await startDevServer(FREE);
  const file = await Deno.makeTempFile({ suffix: ".toml" });
  try {
    await Deno.writeTextFile(file, `[profile.default]\naddress = "${server.address}"\n`);
    await withEnv({ ...UNCONFIGURED, TEMPORAL_CONFIG_FILE: file }, async () => {
      const found = await findOrStartDevServer();
      assertEquals([found.address, found.namespace], [server.address, "default"]);
      assertStringIncludes(found.source, "configuration file");
    });
  } finally {
    await Deno.remove(file);
  }
});

permittedTest("findOrStartDevServer() says so when something else listens on the port", async () => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response("no Temporal"));
  const accepted: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of silent) accepted.push(connection);
  })();
  try {
    for (const { port } of [silent.addr as Deno.NetAddr, http.addr]) {
      const taken = () => withEnv(UNCONFIGURED, async () => void await findOrStartDevServer({ port }));
      const error = await assertRejects(taken, Error);
      assertStringIncludes(error.message, `Cannot use port ${port} as what listens there is no Temporal server`);
    }
  } finally {
    silent.close();
    await accepting;
    for (const connection of accepted) connection.close();
    await http.shutdown();
  }
});

permittedTest("findOrStartDevServer() starts one where none runs", async () => {
  await withEnv(UNCONFIGURED, async () => {
    await using server = await findOrStartDevServer({ ...FREE, reuseRunning: false });
    assert(server.startedByUs);
  });
});

for (const signal of ["SIGKILL", "SIGINT"] as const) {
  permittedTest(`a server that was started ends with the process, by ${signal}`, async () => {
    const code = `const { startDevServer } = await import(${JSON.stringify(DEV_SERVER_URL)});
      const server = await startDevServer({ port: 0, ui: false });
      console.log(server.pid);
      await new Promise((resolve) => setTimeout(resolve, 600_000));`;
    const cwd = fileURLToPath(new URL("../../", import.meta.url));
    await using owner = new Child(Deno.execPath(), ["eval", "--quiet", code], { cwd });
    const pid = Number((await owner.until(/^(\d+)\n/m))[1]);
    assert(isAlive(pid));
    await owner.kill(signal);
    await untilGone(pid);
  });
}
