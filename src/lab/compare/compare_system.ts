/**
 * Sets a comparison up and takes it down again.
 *
 * @module
 */
import { connectClient } from "../../client/connection.ts";
import { startDevServer } from "../../server/dev_server.ts";
import { bundleLabWorkflows } from "../create_lab_worker.ts";
import type { Log } from "../../worker/log.ts";
import { type CompareContext, createContext } from "./compare_context.ts";

/** Where and how to compare. */
export interface CompareSystemOptions {
  /**
   * A server that runs.
   * @default One that is started, and stopped in the end.
   */
  readonly address?: string;
  readonly quick: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly progress: (what: string) => void;
}

/** A context and all that is behind it. */
export interface CompareSystem extends AsyncDisposable {
  readonly context: CompareContext;
}

/** Starts a server where none is given, and makes a folder and the workflow bundle. */
export async function startCompareSystem({ address, ...options }: CompareSystemOptions): Promise<CompareSystem> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "temporal-batcher-compare-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  options.progress("starting the server and bundling the workflows");
  const bundleFile = `${directory}/workflows.js`;
  const [server, { code }] = await Promise.all([
    address === undefined ? startDevServer({ port: 0, ui: false, log: options.log.info }) : undefined,
    bundleLabWorkflows(),
  ]);
  if (server !== undefined) stack.use(server);
  await Deno.writeTextFile(bundleFile, code);
  const connected = stack.use(await connectClient({ address: address ?? server!.address }));
  const context = createContext({
    ...options,
    address: connected.address,
    client: connected.client,
    directory,
    bundleFile,
  });
  // On a server that goes on, batchers without workers would stay for ever.
  if (server === undefined) stack.defer(() => context.endWorkflows());
  const set = stack.move();
  return {
    context,
    [Symbol.asyncDispose]: () => set.disposeAsync(),
  };
}
