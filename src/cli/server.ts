/**
 * `deno task server`: a Temporal dev server with its Web UI.
 *
 * @module
 */
import { startDevServer } from "../server/dev_server.ts";
import { main } from "./command.ts";
import { until } from "./until.ts";

/** Where the commands look for a server by themselves. */
const DEFAULT_ADDRESS = "127.0.0.1:7233";

await main({
  usage: "deno task server",
  summary: "Starts a Temporal dev server on this machine, with its Web UI, until Ctrl-C.",
  flags: {
    port: { type: "number", min: 0, max: 65_535, default: 7233, help: "Port; 0 takes a free one" },
    "ui-port": { type: "number", min: 0, max: 65_535, help: "Port of the Web UI (default: port + 1000)" },
    "db-filename": {
      type: "text",
      value: "FILE",
      help: "Keep the server's state in this file, such as .temporal/server.db (default: in memory)",
    },
  },
  examples: ["deno task server --db-filename .temporal/server.db"],
  untilStopped: true,
  async run(flags, _operands, signal) {
    await using server = await startDevServer({
      port: flags.port,
      uiPort: flags["ui-port"],
      dbFilename: flags["db-filename"],
      log: (line) => console.error(line),
    });
    console.log(`Temporal server: ${server.address} (namespace ${server.namespace})`);
    console.log(`Web UI:          ${server.uiUrl}`);
    const flag = server.address === DEFAULT_ADDRESS ? "" : ` --address ${server.address}`;
    console.log(`Next:            deno task worker${flag}`);
    console.log("Ctrl-C stops it.");
    await until(signal);
    return 0;
  },
});
