/**
 * What a comparison ran on.
 *
 * @module
 */
import type { Client } from "@temporalio/client";
import sdk from "@temporalio/worker/package.json" with { type: "json" };
import { cpus } from "node:os";
import { DatabaseSync } from "node:sqlite";
import type { CompareReport } from "./report_data.ts";

const PROJECT_FILE = new URL("../../../deno.json", import.meta.url);

const BYTES_PER_GIB = 1024 ** 3;

/** The machine of this process. */
export function describeMachine(): CompareReport["machine"] {
  const processors = cpus();
  return {
    cpus: processors.length,
    cpu: processors[0]?.model.trim() || Deno.build.arch,
    memoryGiB: Math.round(Deno.systemMemoryInfo().total / BYTES_PER_GIB),
    os: `${Deno.build.os} ${Deno.osRelease()}`,
  };
}

/** Versions of all that takes part. */
export async function readVersions(client: Client): Promise<CompareReport["versions"]> {
  const project: { name: string; version: string } = JSON.parse(await Deno.readTextFile(PROJECT_FILE));
  const { serverVersion } = await client.workflowService.getSystemInfo({});
  using database = new DatabaseSync(":memory:");
  const sqlite = database.prepare("SELECT sqlite_version() AS version").get()!;
  return {
    [project.name]: project.version,
    "Temporal server": serverVersion,
    "Temporal SDK": sdk.version,
    Deno: Deno.version.deno,
    SQLite: String(sqlite.version),
  };
}
