/**
 * Removes bodies that no history can need any more.
 *
 * @module
 */
import type { Client } from "@temporalio/client";
import { BATCHER_WORKFLOW } from "../protocol/names.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { FileBodyDriver, OwnedBodies, StoredBody } from "./file_driver.ts";
import { type LatestRun, latestRun } from "./latest_run.ts";

/** Options of {@linkcode sweepBodies}. */
export interface SweepOptions {
  readonly driver: FileBodyDriver;
  /** Asked which runs are open. */
  readonly client: Pick<Client, "workflowService">;
  /** Only bodies that are older are looked at. */
  readonly olderThanMs: number;
  /**
   * Whether to look at bodies of other workflows than batchers, whose results somebody may still want to read, and at
   * those of workflows that the server does not know, which may be another server's.
   * @default {false}
   */
  readonly allWorkflows?: boolean;
  /** Finds what would be removed, and leaves it. */
  readonly dryRun?: boolean;
  /** Ends the sweep early. */
  readonly signal?: AbortSignal;
}

/** What a sweep has found. */
export interface SweepReport {
  removed: number;
  removedBytes: number;
  kept: number;
  keptBytes: number;
}

/** How long after a body was stored a run may begin that takes it: one request, and clocks that differ. */
const LATE_RUN_MS = LIMITS.bodySweepAgeMinMs;

/**
 * Removes each body that is older than asked for and that no open run can refer to: its workflow is closed or unknown to
 * the server, or its open run began well after the body was stored.
 *
 * @throws {Error} If the server cannot be asked.
 */
export async function sweepBodies(options: SweepOptions): Promise<SweepReport> {
  const report: SweepReport = { removed: 0, removedBytes: 0, kept: 0, keptBytes: 0 };
  const olderThanMs = Math.max(options.olderThanMs, LIMITS.bodySweepAgeMinMs);
  const namespaces = new Set<string>();
  for await (const owned of options.driver.list()) {
    if (options.signal?.aborted) break;
    const namespace = owned.owner?.namespace;
    if (namespace !== undefined && !namespaces.has(namespace)) {
      await requireNamespace(options.client, namespace);
      namespaces.add(namespace);
    }
    await sweepOwner({ ...options, olderThanMs }, owned, report);
  }
  return report;
}

/** A server that does not know the namespace is another one, and knows none of the runs in it. */
async function requireNamespace({ workflowService }: SweepOptions["client"], namespace: string): Promise<void> {
  try {
    await workflowService.describeNamespace({ namespace });
  } catch (error) {
    throw new Error(
      `Cannot sweep bodies of namespace ${JSON.stringify(namespace)}: ask the server that they belong to`,
      { cause: error },
    );
  }
}

async function sweepOwner(options: SweepOptions, { owner, bodies }: OwnedBodies, report: SweepReport): Promise<void> {
  const before = Date.now() - options.olderThanMs;
  const isOld = ({ storedAtMs }: StoredBody) => storedAtMs < before;
  // Who does not say whose they are cannot be asked for.
  const run = owner && bodies.some(isOld) ? await latestRun(options.client, owner) : undefined;
  const over = owner ? bodies.filter((body) => isOld(body) && !mayBeNeeded(body, run, before, options)) : [];
  if (!options.dryRun) {
    await options.driver.remove(over.map(({ path }) => path));
    if (owner && over.length === bodies.length) await options.driver.removeEmptyFolder(owner);
  }
  const bytesOf = (some: readonly StoredBody[]) => some.reduce((sum, { bytes }) => sum + bytes, 0);
  report.removed += over.length;
  report.removedBytes += bytesOf(over);
  report.kept += bodies.length - over.length;
  report.keptBytes += bytesOf(bodies) - bytesOf(over);
}

function mayBeNeeded(
  { storedAtMs }: StoredBody,
  run: LatestRun | undefined,
  before: number,
  { allWorkflows = false }: SweepOptions,
): boolean {
  if (run === undefined) return !allWorkflows;
  if (run.workflowType !== BATCHER_WORKFLOW && !allWorkflows) return true;
  if (run.isOpen) return run.sinceMs <= storedAtMs + LATE_RUN_MS;
  return (run.closedAtMs ?? Infinity) >= before;
}
