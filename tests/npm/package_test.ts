/** The npm package, as it is packed, in an empty project on Node. */
import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import type { PostgresCluster } from "../../src/server/postgres_cluster.ts";
import { permittedTest } from "../support/permitted.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SDK = ["activity", "client", "common", "envconfig", "proto", "worker", "workflow"];

async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd }).output();
  const [printed, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  assertEquals(code, 0, `${program} ${args.join(" ")}\n${printed}\n${said}`);
  return printed;
}

/** Installs the tarball into an empty folder, with Node in a version of its own. */
async function install(folder: string, tarball: string, node: string): Promise<void> {
  await Deno.writeTextFile(`${folder}/package.json`, '{ "private": true, "type": "module" }');
  const packages = [`node@${node}`, tarball, "@swc/core@1.16.18", ...SDK.map((name) => `@temporalio/${name}@1.24.0`)];
  await run("npm", ["install", "--silent", "--no-audit", "--no-fund", ...packages], folder);
  for (const file of ["orders.mjs", "order_workflows.mjs", "bodies.mjs"]) {
    await Deno.copyFile(new URL(file, import.meta.url), `${folder}/${file}`);
  }
}

/** The links of the packed pages that lead to no file of the package. */
async function brokenLinks(root: string): Promise<string[]> {
  const docs = await Array.fromAsync(Deno.readDir(`${root}/docs`), ({ name }) => `docs/${name}`);
  const pages = ["README.md", "CHANGELOG.md", ...docs.filter((page) => page.endsWith(".md"))];
  const broken = await Promise.all(pages.map(async (page) => {
    const links = (await Deno.readTextFile(`${root}/${page}`)).matchAll(/\]\(((?!#|[a-z]+:)[^()\s#]+)/g);
    return await Promise.all([...links].map(async ([, target]) => {
      const found = await Deno.stat(new URL(target, `file://${root}/${page}`)).catch(() => undefined);
      return found === undefined ? [`${page}: ${target}`] : [];
    }));
  }));
  return broken.flat(2);
}

// The oldest Node that works, and the newest with long-term support.
for (const node of ["22.16.0", "24"]) {
  permittedTest(`the npm package runs a worker, a writer and a workflow on Node ${node}`, async () => {
    const { startDevServer } = await import("../../src/server/dev_server.ts");
    const { findPostgres } = await import("../../src/server/postgres_binaries.ts");
    const { PostgresCluster } = await import("../../src/server/postgres_cluster.ts");
    const tarball = `${ROOT}${(await run(Deno.execPath(), ["task", "-q", "build:npm"], ROOT)).split("\n").at(-1)}`;
    const folder = await Deno.makeTempDir({ prefix: "temporal-batcher-npm-" });
    await using stack = new AsyncDisposableStack();
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    await install(folder, tarball, node);
    assertEquals(await brokenLinks(`${folder}/node_modules/temporal-batcher`), []);
    const { address } = stack.use(await startDevServer({ port: 0, ui: false }));
    const sinks = [`sqlite:${folder}/ledger.db`];
    if (findPostgres() !== undefined) {
      const cluster: PostgresCluster = stack.use(await PostgresCluster.start());
      sinks.push(cluster.url("postgres"));
    }
    for (const [i, sink] of sinks.entries()) {
      const printed = await run(
        `${folder}/node_modules/.bin/node`,
        ["orders.mjs", address, sink, `orders-${i}`],
        folder,
      );
      const { node: version, statuses, rows } = JSON.parse(printed.split("\n").at(-1)!);
      assertMatch(version, new RegExp(`^v${node}(\\.|$)`));
      assertEquals([statuses, rows], [["committed"], 40]);
    }
    const stored = await run(`${folder}/node_modules/.bin/node`, ["bodies.mjs", address], folder);
    assertEquals(stored.split("\n").at(-1), "committed");
  });
}
