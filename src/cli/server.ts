/**
 * `deno task server`: a Temporal dev server with its Web UI.
 *
 * @module
 */
import { DEFAULT_PORT } from "../client/connection.ts";
import { PORT_MAX, UI_PORT_OFFSET } from "../server/dev_server_options.ts";
import { LOOPBACK } from "../server/probe.ts";
import { startDevServer } from "../server/dev_server.ts";
import { main } from "./command.ts";
import { until } from "./until.ts";

await main({
  usage: "deno task server",
  summary: "Starts a Temporal dev server on this machine, with its Web UI, until Ctrl-C.",
  flags: {
    port: { type: "number", min: 0, max: PORT_MAX, default: DEFAULT_PORT, help: "Port; 0 takes a free one" },
    "ui-port": {
      type: "number",
      min: 0,
      max: PORT_MAX,
      help: `Port of the Web UI (default: port + ${UI_PORT_OFFSET})`,
    },
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
    const flag = server.address === `${LOOPBACK}:${DEFAULT_PORT}` ? "" : ` --address ${server.address}`;
    console.log(`Next:            deno task worker${flag}`);
    console.log("Ctrl-C stops it.");
    await until(signal);
    return 0;
  },
});
