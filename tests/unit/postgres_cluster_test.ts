import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { postgresTests } from "../support/postgres_tests.ts";

const MODULE = new URL("../../src/server/postgres_cluster.ts", import.meta.url).href;
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

postgresTests()("start() works in a folder, and with a TMPDIR, that only we may enter", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.chmod(folder, 0o700);
    const code = `import { PostgresCluster } from ${JSON.stringify(MODULE)};
      await using cluster = await PostgresCluster.start();
      await cluster.crash();
      await cluster.restart();`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--quiet", "--config", CONFIG, code],
      cwd: folder,
      env: { NO_COLOR: "1", TMPDIR: folder },
    });
    const { success, stderr } = await child.output();
    assertEquals({ success, said: new TextDecoder().decode(stderr) }, { success: true, said: "" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
