import { assertArrayIncludes, assertEquals, assertGreater } from "@std/assert";
import { permittedTest } from "../support/permitted.ts";
import { importsOf, type SourceFile, violations } from "./import_rules.ts";

const PROJECT = new URL("../../", import.meta.url);

async function readSources(folder: string): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, PROJECT))) {
    const path = `${folder}${name}`;
    if (isDirectory) files.push(...await readSources(`${path}/`));
    else if (name.endsWith(".ts")) files.push({ path, text: await Deno.readTextFile(new URL(path, PROJECT)) });
  }
  return files;
}

permittedTest("imports point one way, as the layout says", async () => {
  const files = (await Promise.all(["src/", "workflows/", "activities/"].map(readSources))).flat();
  assertEquals(violations(files), []);
  // Without these the check above would check nothing.
  assertArrayIncludes(files.map(({ path }) => path), ["workflows/batcher.ts", "src/core/group_commit.ts"]);
  assertGreater(files.flatMap(({ text }) => importsOf(text)).length, files.length);
});

const BAD: readonly [path: string, text: string, specifier: string][] = [
  ["src/core/a.ts", 'import { judge } from "../client/retry.ts";', "../client/retry.ts"],
  ["src/core/a.ts", 'import type { Client } from "@temporalio/client";', "@temporalio/client"],
  ["src/core/a.ts", 'import { Buffer } from "node:buffer";', "node:buffer"],
  ["src/protocol/a.ts", 'import { GroupCommit } from "../core/group_commit.ts";', "../core/group_commit.ts"],
  ["src/protocol/a.ts", 'import type { Batch } from "../core/group_commit.ts";', "../core/group_commit.ts"],
  ["src/client/a.ts", 'import {\n  type Sink,\n  SinkError,\n} from "../sinks/sink.ts";', "../sinks/sink.ts"],
  ["src/client/a.ts", 'export * from "../worker/log.ts";', "../worker/log.ts"],
  ["src/sinks/a.ts", 'import type { BatchWriter } from "../client/batch_writer.ts";', "../client/batch_writer.ts"],
  ["src/worker/a.ts", 'const { main } = await import("../cli/demo.ts");', "../cli/demo.ts"],
  ["src/worker/a.ts", 'import { batcher } from "../../workflows/batcher.ts";', "../../workflows/batcher.ts"],
  ["src/worker/a.ts", 'import "../../workflows/batcher.ts";', "../../workflows/batcher.ts"],
  ["workflows/a.ts", 'import type { Sink } from "../src/sinks/sink.ts";', "../src/sinks/sink.ts"],
  ["workflows/a.ts", 'import { sleep } from "@temporalio/activity";', "@temporalio/activity"],
  ["src/client/a.ts", 'import { VARIANTS } from "../lab/compare/variants/mod.ts";', "../lab/compare/variants/mod.ts"],
  ["src/worker/a.ts", 'import { poll } from "../lab/harness/waiting.ts";', "../lab/harness/waiting.ts"],
  ["src/lab/harness/a.ts", 'import type { Variant } from "../compare/variant.ts";', "../compare/variant.ts"],
  ["src/worker/a.ts", 'import type { Row } from "../lab/plain_table.ts";', "../lab/plain_table.ts"],
  ["src/cli/demo.ts", 'import { BARE } from "../lab/protocol/names.ts";', "../lab/protocol/names.ts"],
  ["workflows/mod.ts", 'export * from "../src/lab/workflows/mod.ts";', "../src/lab/workflows/mod.ts"],
  ["src/lab/workflows/a.ts", 'import type { Row } from "../plain_table.ts";', "../plain_table.ts"],
  [
    "activities/a.ts",
    'import { createBatcherWorker } from "../src/worker/create_worker.ts";',
    "../src/worker/create_worker.ts",
  ],
];

for (const [path, text, specifier] of BAD) {
  Deno.test(`violations() finds ${specifier} in ${path}: ${text.replaceAll(/\s+/g, " ")}`, () => {
    assertEquals(violations([{ path, text }]), [`${path}: ${specifier}`]);
  });
}

Deno.test("violations() has nothing to say about imports along the layout", () => {
  const good: SourceFile[] = [
    {
      path: "src/core/a.ts",
      text: 'import { LIMITS } from "../protocol/limits.ts";\nimport type { B } from "./b.ts";',
    },
    { path: "src/cli/a.ts", text: 'import type { transaction } from "../../workflows/transaction.ts";' },
    { path: "src/cli/bench.ts", text: 'import { rows } from "../lab/bench/rows.ts";' },
    { path: "src/lab/workflows/mod.ts", text: 'export * from "../../../workflows/mod.ts";' },
    { path: "workflows/a.ts", text: 'import { condition } from "@temporalio/workflow";' },
    { path: "src/worker/a.ts", text: 'const path = new URL("../../workflows/mod.ts", import.meta.url);' },
    {
      path: "src/core/b.ts",
      text: '/**\n * import { a } from "../client/a.ts";\n * await import("../client/a.ts");\n */',
    },
  ];
  assertEquals(violations(good), []);
});

Deno.test("violations() asks for a rule where there is none", () => {
  assertEquals(violations([{ path: "src/new/a.ts", text: "" }]), [
    "src/new/a.ts: no rule says what src/new may import",
  ]);
});
