import { assertArrayIncludes, assertEquals, assertFalse, assertRejects, assertStringIncludes } from "@std/assert";
import { permittedTest } from "../support/permitted.ts";
import { modulesOf, outsiders, PROJECT } from "./bundle_sources.ts";

/** Bundles an entry of one line. What the bundler has to say about it goes to `complaints`. */
async function bundleLine(line: string, complaints: string[] = []): Promise<string> {
  const { bundleWorkflowCode } = await import("@temporalio/worker");
  const quiet = () => {};
  const complain = (message: string, meta?: object) => complaints.push(`${message} ${JSON.stringify(meta)}`);
  const logger = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: complain, error: complain };
  // Inside of the project, as the bundler looks for the SDK upwards from the entry.
  const directory = await Deno.makeTempDir({ dir: `${PROJECT}tests/integration`, prefix: ".bundle-" });
  try {
    const workflowsPath = `${directory}/mod.ts`;
    await Deno.writeTextFile(workflowsPath, `${line}\n`);
    return (await bundleWorkflowCode({ workflowsPath, logger })).code;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** What only the rivals say. */
const RIVALS = ["signalBatcher", "signalTransaction", "rowTransaction", "emptyBatcher", "bareCaller", "src/lab/"];

const BUNDLES = {
  bundleWorkflows: async () => await (await import("../../src/worker/create_worker.ts")).bundleWorkflows(),
  bundleLabWorkflows: async () => await (await import("../../src/lab/create_lab_worker.ts")).bundleLabWorkflows(),
};

for (const [name, bundle] of Object.entries(BUNDLES)) {
  permittedTest(`${name}() takes nothing into the sandbox but workflows, core and protocol`, async () => {
    const { code } = await bundle();
    const modules = modulesOf(code);
    assertEquals(outsiders(modules), []);
    // Without these the check above would check nothing.
    assertArrayIncludes(modules, ["workflows/batcher.ts", "src/core/group_commit.ts", "src/protocol/check.ts"]);
    assertFalse(/require\(["']node:/.test(code), "nothing is left to be loaded from node: at run time");
    const isLab = name === "bundleLabWorkflows";
    assertEquals(RIVALS.filter((rival) => code.includes(rival)), isLab ? RIVALS : [], "the product has no rivals");
  });
}

permittedTest("bundleWorkflows() would refuse a workflow that imports the writer", async () => {
  const complaints: string[] = [];
  await assertRejects(
    () =>
      bundleLine(`export { BatchWriter } from ${JSON.stringify(`${PROJECT}src/client/batch_writer.ts`)};`, complaints),
    Error,
  );
  assertStringIncludes(complaints.join("\n"), "node:crypto");
  assertStringIncludes(complaints.join("\n"), "src/client/batch_writer.ts");
});

permittedTest("outsiders() finds client code that needs nothing of Node and that a bundle would take in", async () => {
  const code = await bundleLine(
    `export { PendingCall } from ${JSON.stringify(`${PROJECT}src/client/pending_call.ts`)};`,
  );
  assertStringIncludes(code, "PendingCall");
  const found = outsiders(modulesOf(code));
  assertEquals(found.filter((module) => !module.startsWith("tests/integration/.bundle-")), [
    "src/client/pending_call.ts",
  ]);
});

Deno.test("outsiders() names what is not of the sandbox", () => {
  const inside = [
    "workflows/mod.ts",
    "src/core/snapshot.ts",
    "src/protocol/write.ts",
    "node_modules/a/b.ts",
    "/tmp/x/mod.ts",
  ];
  const outside = ["src/client/retry.ts", "src/sinks/sink.ts", "src/worker/log.ts", "activities/mod.ts", "node:crypto"];
  assertEquals(outsiders([...inside, ...outside]), outside);
});
